// The entry of the scan station's page.
import { Station } from "./scan/station";

const place = document.querySelector<HTMLElement>("[data-station]");
if (place) new Station(place).open();
