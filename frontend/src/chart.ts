// Draws a table that is on the page already: <figure data-chart="line|bar" data-table="id">.
// The first column names the points; columns with data-series are drawn, data-limit as a line.
// Without this script the table is the answer. Only the parts of ECharts that are used.
import { BarChart, LineChart } from "echarts/charts";
import { AriaComponent, GridComponent, LegendComponent, TooltipComponent } from "echarts/components";
import { init, use, type EChartsType } from "echarts/core";
import { CanvasRenderer } from "echarts/renderers";
import "./styles/charts.css";

use([BarChart, LineChart, AriaComponent, GridComponent, LegendComponent, TooltipComponent, CanvasRenderer]);

interface Series {
  name: string;
  column: number;
  dashed: boolean;
}

function seriesOf(table: HTMLTableElement): Series[] {
  const heads = [...(table.tHead?.rows[0]?.cells ?? [])];
  return heads.flatMap((head, column) =>
    "series" in head.dataset || "limit" in head.dataset
      ? [{ name: head.textContent?.trim() ?? "", column, dashed: "limit" in head.dataset }]
      : [],
  );
}

function figureOf(cell: HTMLTableCellElement | undefined): number | null {
  const text = cell?.dataset["value"] ?? cell?.textContent?.trim() ?? "";
  return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
}

function rowsOf(figure: HTMLElement, table: HTMLTableElement): HTMLTableRowElement[] {
  const rows = [...(table.tBodies[0]?.rows ?? [])];
  return "reversed" in figure.dataset ? rows.reverse() : rows;
}

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function draw(figure: HTMLElement, chart: EChartsType, table: HTMLTableElement): void {
  const rows = rowsOf(figure, table);
  const kind = figure.dataset["chart"] === "line" ? "line" : "bar";
  const soft = colour("--ink-soft") || "#667085";
  const series = seriesOf(table);
  // On a phone names of series are longer than a line: one below the other, above the drawing.
  const narrow = figure.clientWidth < 480;
  const names = rows.map((row) => row.cells[0]?.dataset["name"] ?? row.cells[0]?.textContent?.trim() ?? "");
  chart.setOption({
    animation: false,
    aria: { enabled: true },
    textStyle: { fontFamily: "inherit" },
    color: [colour("--brand") || "#0b7285", colour("--attention") || "#b45309", soft],
    grid: { left: 8, right: 16, top: narrow ? 12 + 24 * series.length : 36, bottom: 8, containLabel: true },
    legend: { top: 0, left: 0, orient: narrow ? "vertical" : "horizontal", textStyle: { color: soft } },
    // Its default writes HTML with styles in it, which the page's policy forbids.
    tooltip: { trigger: "axis", renderMode: "richText" },
    xAxis: { type: "category", data: names, axisLabel: { color: soft, hideOverlap: true } },
    yAxis: { type: "value", minInterval: 1, axisLabel: { color: soft } },
    series: series.map((one) => ({
      name: one.name,
      type: one.dashed ? "line" : kind,
      data: rows.map((row) => figureOf(row.cells[one.column])),
      barMaxWidth: 32,
      symbol: one.dashed ? "none" : "circle",
      lineStyle: one.dashed ? { type: "dashed", width: 1.5 } : { width: 2 },
    })),
  });
}

/** A point that is clicked opens the link of its row. */
function follow(figure: HTMLElement, chart: EChartsType, table: HTMLTableElement): void {
  chart.on("click", (point) => {
    const row = rowsOf(figure, table)[point.dataIndex ?? -1];
    const link = row?.querySelector<HTMLAnchorElement>("a[href]");
    if (link) window.location.assign(link.href);
  });
}

for (const figure of document.querySelectorAll<HTMLElement>("figure[data-chart]")) {
  const table = document.getElementById(figure.dataset["table"] ?? "");
  const canvas = figure.querySelector<HTMLElement>(".chart-canvas");
  if (!(table instanceof HTMLTableElement) || !canvas || !table.tBodies[0]?.rows.length) continue;
  figure.hidden = false;
  const chart = init(canvas);
  draw(figure, chart, table);
  follow(figure, chart, table);
  new ResizeObserver(() => chart.resize()).observe(canvas);
  new MutationObserver(() => draw(figure, chart, table)).observe(document.documentElement, {
    attributeFilter: ["data-bs-theme"],
  });
}
