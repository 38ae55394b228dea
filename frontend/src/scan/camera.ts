// The camera as scanner. Loaded only when somebody taps the camera button: the decoder is large.
import { prepareZXingModule, readBarcodes, type ReaderOptions } from "zxing-wasm/reader";
import wasmUrl from "zxing-wasm/reader/zxing_reader.wasm?url";

const LOOK_EVERY_MS = 140;
const WIDEST = 1280;

const OPTIONS: ReaderOptions = {
  formats: ["Code128", "Code39", "Code93", "ITF", "EAN13", "EAN8", "UPCA", "QRCode", "DataMatrix", "PDF417"],
  tryHarder: true,
  maxNumberOfSymbols: 1,
};

prepareZXingModule({
  overrides: { locateFile: (path: string) => (path.endsWith(".wasm") ? wasmUrl : path) },
});

/** Read the first code in a picture, or null. */
export async function readPicture(
  picture: ImageData | Blob,
): Promise<{ text: string; symbology: string } | null> {
  const [found] = await readBarcodes(picture, OPTIONS);
  return found?.isValid ? { text: found.text, symbology: found.format } : null;
}

export class Camera {
  private stream: MediaStream | null = null;
  private timer = 0;
  private readonly canvas = document.createElement("canvas");

  constructor(
    private readonly video: HTMLVideoElement,
    private readonly found: (text: string, symbology: string) => void,
  ) {}

  /** Ask for the camera at the back and look until `close`. Rejects when it is refused. */
  async open(): Promise<void> {
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: false,
      video: { facingMode: { ideal: "environment" }, width: { ideal: 1920 } },
    });
    this.video.srcObject = this.stream;
    await this.video.play();
    this.look();
  }

  close(): void {
    window.clearTimeout(this.timer);
    for (const track of this.stream?.getTracks() ?? []) track.stop();
    this.stream = null;
    this.video.srcObject = null;
  }

  /** Whether this camera has a lamp, and switch it. */
  async lamp(on: boolean): Promise<boolean> {
    const track = this.stream?.getVideoTracks()[0];
    const abilities = (track?.getCapabilities() ?? {}) as { torch?: boolean };
    if (!track || !abilities.torch) return false;
    await track.applyConstraints({ advanced: [{ torch: on } as MediaTrackConstraintSet] });
    return true;
  }

  private look(): void {
    this.timer = window.setTimeout(async () => {
      if (!this.stream) return;
      const picture = this.picture();
      const code = picture && (await readPicture(picture));
      if (code) this.found(code.text, code.symbology);
      this.look();
    }, LOOK_EVERY_MS);
  }

  private picture(): ImageData | null {
    const { videoWidth, videoHeight } = this.video;
    if (!videoWidth) return null;
    const scale = Math.min(1, WIDEST / videoWidth);
    this.canvas.width = Math.round(videoWidth * scale);
    this.canvas.height = Math.round(videoHeight * scale);
    const brush = this.canvas.getContext("2d", { willReadFrequently: true });
    brush?.drawImage(this.video, 0, 0, this.canvas.width, this.canvas.height);
    return brush?.getImageData(0, 0, this.canvas.width, this.canvas.height) ?? null;
  }
}
