// Tabler is 80 kB compressed; the pages use a small part of it. Keeps the rules whose classes
// occur in a template or a script. Our own style sheet is left whole.
import purgeCSSPlugin from "@fullhuman/postcss-purgecss";
import type { AcceptedPlugin, Helpers, Plugin, Root } from "postcss";

export function purgeTabler(content: string[]): AcceptedPlugin {
  const purge = purgeCSSPlugin({
    content,
    defaultExtractor: (text: string) => text.match(/[A-Za-z0-9_-]+/g) ?? [],
    keyframes: true,
  }) as Plugin;
  return {
    postcssPlugin: "entrepot-purge-tabler",
    async OnceExit(root: Root, helpers: Helpers) {
      if (root.source?.input.file?.includes("@tabler") && purge.OnceExit) {
        await purge.OnceExit(root, helpers);
      }
    },
  };
}
