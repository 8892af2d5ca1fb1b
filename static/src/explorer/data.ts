/* What the API says of the graph. The types come from its OpenAPI description (`make api-types`). */
import type { paths } from "../api";

type Answer<Path extends keyof paths> = paths[Path] extends {
  get: { responses: { 200: { content: { "application/json": infer Body } } } };
}
  ? Body
  : never;

export type Neighborhood = Answer<"/api/v1/graph/{section}/{public_id}/">;
export type Node = Neighborhood["nodes"][number];
export type Edge = Neighborhood["edges"][number];

const SECTIONS: Record<string, string> = {
  person: "researchers",
  work: "works",
  topic: "topics",
  institution: "institutions",
};

/** "person:2x4g…" as the end of an address: "researchers/2x4g…/". */
export function place(id: string): string {
  const [kind = "", key = ""] = id.split(":");
  return `${SECTIONS[kind] ?? ""}/${key}/`;
}

/** Ask for what is next to an entity. Throws an error whose message can be shown. */
export async function neighborhood(address: string, signal: AbortSignal): Promise<Neighborhood> {
  const answer = await fetch(address, { signal, headers: { Accept: "application/json" } });
  if (!answer.ok) throw new Error(answer.status === 404 ? "It is not there any more." : `The server answered ${answer.status}.`);
  return (await answer.json()) as Neighborhood;
}
