/* Moves nodes apart by ForceAtlas2, beside the page. The places come in and go out; the same places in give the same out. */
import Graph from "graphology";
import forceAtlas2 from "graphology-layout-forceatlas2";

export interface Task {
  nodes: { id: string; x: number; y: number; size: number; fixed: boolean }[];
  edges: { source: string; target: string }[];
  iterations: number;
}
export type Places = Record<string, { x: number; y: number }>;

self.onmessage = (message: MessageEvent<Task>): void => {
  const { nodes, edges, iterations } = message.data;
  const graph = new Graph({ type: "undirected" });
  for (const { id, ...attributes } of nodes) graph.addNode(id, attributes);
  for (const { source, target } of edges) graph.mergeEdge(source, target);
  const settings = { ...forceAtlas2.inferSettings(graph), adjustSizes: true, gravity: 0.5 };
  const places: Places = forceAtlas2(graph, { iterations, settings });
  self.postMessage(places);
};
