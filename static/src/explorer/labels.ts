/* Labels on the canvas as the server's picture has them: none touches a node or another label, or is cut at the edge. */
import type Sigma from "sigma";
import type { Kind } from "./shapes";

/** Left, top, right, bottom. */
type Box = [number, number, number, number];

export interface Style {
  font: string;
  ink: string;
  paper: string;
}

const SIZE = 13;
const CELL = 64;
/** Narrower pictures have labels of what is selected and in the center only. */
const NARROW = 544;
const ORDER: Record<Kind, number> = { institution: 0, topic: 1, work: 2, person: 3 };

/** What is taken, by squares of the picture, so that a label is compared with what is near. */
class Taken {
  private cells = new Map<string, Box[]>();

  add(box: Box): void {
    for (const cell of this.around(box)) {
      const there = this.cells.get(cell);
      if (there) there.push(box);
      else this.cells.set(cell, [box]);
    }
  }

  /** Whether there is room, but for the box of the label's own node. */
  free(box: Box, own: Box): boolean {
    return this.around(box).every((cell) => (this.cells.get(cell) ?? []).every((other) => other === own || !meet(box, other)));
  }

  private around([left, top, right, bottom]: Box): string[] {
    const cells = [];
    for (let x = Math.floor(left / CELL); x <= right / CELL; x++) {
      for (let y = Math.floor(top / CELL); y <= bottom / CELL; y++) cells.push(`${x} ${y}`);
    }
    return cells;
  }
}

function meet(a: Box, b: Box): boolean {
  return a[0] < b[2] && b[0] < a[2] && a[1] < b[3] && b[1] < a[3];
}

/** Draw the labels of what sigma shows: first those of `first`, then institutions, topics, works and people, larger ones before. */
export function drawLabels(sigma: Sigma, first: string[], { font, ink, paper }: Style): void {
  const context = sigma.getCanvases()["labels"]?.getContext("2d");
  if (!context) return;
  const { width, height } = sigma.getDimensions();
  const graph = sigma.getGraph();
  const taken = new Taken();
  const shown = graph.nodes().flatMap((id) => {
    const data = sigma.getNodeDisplayData(id);
    if (!data) return [];
    const { x, y } = sigma.framedGraphToViewport(data);
    const size = sigma.scaleSize(data.size);
    const own: Box = [x - size, y - size, x + size, y + size];
    if (!meet(own, [0, 0, width, height])) return [];
    taken.add(own);
    const place = first.indexOf(id);
    const rank = place < 0 ? first.length + ORDER[graph.getNodeAttribute(id, "kind") as Kind] : place;
    return [{ x, y, size, own, rank, text: data.label ?? "" }];
  });
  shown.sort((a, b) => a.rank - b.rank || b.size - a.size);
  context.fillStyle = ink;
  context.strokeStyle = paper;
  context.lineWidth = 3;
  context.lineJoin = "round";
  for (const { x, y, size, own, rank, text } of shown) {
    const marked = rank < first.length;
    if (!text || (width < NARROW && !marked)) continue;
    context.font = `${marked ? 600 : 400} ${SIZE}px ${font}`;
    const wide = context.measureText(text).width;
    const right: [number, number] = [x + size + 4, y + 4];
    const left: [number, number] = [x - size - 4 - wide, y + 4];
    const sides = x < width / 2 ? [left, right] : [right, left];
    const spots = [...sides, [x - wide / 2, y + size + SIZE + 1], [x - wide / 2, y - size - 5]] as [number, number][];
    const box = ([begin, line]: [number, number]): Box => [begin, line - SIZE + 2, begin + wide, line + 4];
    const inside = ([l, t, r, b]: Box): boolean => l >= 0 && t >= 0 && r <= width && b <= height;
    const spot = spots.find((one) => inside(box(one)) && taken.free(box(one), own)) ?? (marked ? spots.find((one) => inside(box(one))) : undefined);
    if (!spot) continue;
    taken.add(box(spot));
    context.strokeText(text, ...spot);
    context.fillText(text, ...spot);
  }
}
