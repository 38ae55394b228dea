// Writes .gz and .br beside every text file of the build.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";
import type { Plugin } from "vite";

const LARGE_BYTES = 200_000;
const TEXT = /\.(js|css|svg|wasm)$/;

export function compressed(): Plugin {
  let folder = "";
  return {
    name: "entrepot-compressed",
    apply: "build",
    configResolved(config) {
      folder = config.build.outDir;
    },
    closeBundle() {
      for (const name of readdirSync(folder).filter((file) => TEXT.test(file))) {
        const bytes = readFileSync(join(folder, name));
        // The best quality takes seconds for the camera's decoder and saves next to nothing.
        const effort = bytes.length > LARGE_BYTES ? 9 : constants.BROTLI_MAX_QUALITY;
        const quality = { [constants.BROTLI_PARAM_QUALITY]: effort };
        writeFileSync(join(folder, `${name}.gz`), gzipSync(bytes, { level: 9 }));
        writeFileSync(join(folder, `${name}.br`), brotliCompressSync(bytes, { params: quality }));
      }
    },
  };
}
