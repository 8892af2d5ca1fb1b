/* The picture as it is on the screen, as a PNG file. */
import type Sigma from "sigma";

const LAYERS = ["edges", "nodes", "edgeLabels", "labels"];

/** Let the browser save what sigma has drawn, its layers on the color of the page. */
export async function download(sigma: Sigma, paper: string): Promise<void> {
  const canvases = sigma.getCanvases();
  const size = canvases["nodes"];
  if (!size) return;
  const whole = new OffscreenCanvas(size.width, size.height);
  const context = whole.getContext("2d");
  if (!context) return;
  context.fillStyle = paper;
  context.fillRect(0, 0, whole.width, whole.height);
  // WebGL forgets its pixels once the browser has shown them: draw and copy in one go.
  sigma.refresh();
  for (const layer of LAYERS) {
    const canvas = canvases[layer];
    if (canvas) context.drawImage(canvas, 0, 0);
  }
  const link = document.createElement("a");
  link.href = URL.createObjectURL(await whole.convertToBlob({ type: "image/png" }));
  link.download = "graph.png";
  link.click();
  URL.revokeObjectURL(link.href);
}
