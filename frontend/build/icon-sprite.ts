// Gathers src/icons/*.svg into one sprite: a page refers to a drawing by the file's name.
import { readdirSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Plugin } from "vite";

function symbol(file: string, text: string): string {
  const inner = text.replace(/^[\s\S]*?<svg[^>]*>/, "").replace(/<\/svg>\s*$/, "").trim();
  return `<symbol id="${basename(file, ".svg")}" viewBox="0 0 24 24">${inner}</symbol>`;
}

export function iconSprite(folder: string): Plugin {
  return {
    name: "entrepot-icon-sprite",
    apply: "build",
    generateBundle() {
      const files = readdirSync(folder).filter((file) => file.endsWith(".svg")).sort();
      const symbols = files.map((file) => symbol(file, readFileSync(join(folder, file), "utf8")));
      const source = `<svg xmlns="http://www.w3.org/2000/svg">${symbols.join("")}</svg>`;
      this.emitFile({ type: "asset", name: "icons.svg", source });
      // The same drawing as the sign of every browser tab.
      const drawing = symbol("mark.svg", readFileSync(join(folder, "parcel.svg"), "utf8"))
        .replace(/^<symbol[^>]*>/, "")
        .replace("</symbol>", "");
      const mark =
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="-4 -4 32 32">' +
        '<rect x="-4" y="-4" width="32" height="32" rx="7" fill="#0b5a66"/>' +
        '<g fill="none" stroke="#fff" stroke-width="1.75" stroke-linejoin="round">' +
        `${drawing}</g></svg>`;
      this.emitFile({ type: "asset", name: "mark.svg", source: mark });
    },
  };
}
