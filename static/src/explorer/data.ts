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

const TRIES = 3;
const WORDS: Record<number, string> = {
  404: "It is not there any more.",
  503: "Many look at the graph at this moment. Try again in a few seconds.",
};

/** What the server answers, asked again when it says to come back. Throws an error whose message can be shown. */
export async function answered(address: string, signal: AbortSignal, type: string): Promise<Response> {
  for (let tries = 1; ; tries++) {
    const answer = await fetch(address, { signal, headers: { Accept: type } });
    if (answer.ok) return answer;
    const again = Number(answer.headers.get("Retry-After"));
    if (answer.status !== 503 || tries === TRIES) throw new Error(WORDS[answer.status] ?? `The server answered ${answer.status}.`);
    await pause(again, signal);
  }
}

/** What is next to an entity. */
export async function neighborhood(address: string, signal: AbortSignal): Promise<Neighborhood> {
  return (await (await answered(address, signal, "application/json")).json()) as Neighborhood;
}

/** Wait some seconds, or until nobody wants the answer any more. */
async function pause(seconds: number, signal: AbortSignal): Promise<void> {
  await new Promise((done) => {
    setTimeout(done, 1000 * seconds);
    signal.addEventListener("abort", done, { once: true });
  });
  signal.throwIfAborted();
}
