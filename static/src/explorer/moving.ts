/* Where an arrow key leads in a graph that has no rows: to the nearest node on that side, a neighbor if there is one. */
import type Graph from "graphology";

/** How much farther a node counts for every unit it is off the direction. */
const ASKEW = 2;

export function nearest(graph: Graph, from: string, [dx, dy]: [number, number]): string | undefined {
  const { x, y } = graph.getNodeAttributes(from);
  let best: string | undefined;
  let least = Infinity;
  const look = (id: string): void => {
    const other = graph.getNodeAttributes(id);
    const [across, up] = [other["x"] - x, other["y"] - y];
    const along = across * dx + up * dy;
    const aside = Math.abs(across * dy - up * dx);
    const distance = along + ASKEW * aside;
    if (id !== from && along > 0 && aside <= along && distance < least) [best, least] = [id, distance];
  };
  graph.neighbors(from).forEach(look);
  if (!best) graph.forEachNode(look);
  return best;
}
