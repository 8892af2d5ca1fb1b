/* Node shapes for sigma: person circle, work square, topic diamond, institution hexagon. Never told apart by color alone. */
import { NodeProgram, type ProgramInfo } from "sigma/rendering";
import type { NodeDisplayData, RenderParams } from "sigma/types";
import { floatColor } from "sigma/utils";
import { type Measures, setMeasures, triangles } from "./measures";

/** How far a point is outside of each shape, in GLSL: `d` is the point, `r` the radius of the circle around the shape. */
const OUTSIDE = {
  person: "length(d) - r",
  work: "max(abs(d.x), abs(d.y)) - r * 0.72",
  topic: "abs(d.x) + abs(d.y) - r",
  institution: "max(abs(d.x) * 0.866 + abs(d.y) * 0.5, abs(d.y)) - r * 0.9",
} as const;

export type Kind = keyof typeof OUTSIDE;
export const KINDS = Object.keys(OUTSIDE) as Kind[];

const VERTEX = /* glsl */ `
attribute vec4 a_id;
attribute vec4 a_color;
attribute vec2 a_position;
attribute float a_size;
attribute float a_kind;
attribute vec2 a_corner;
uniform mat3 u_matrix;
uniform float u_sizeRatio;
uniform float u_correctionRatio;
varying vec4 v_color;
varying vec2 v_offset;
varying float v_radius;
varying float v_kind;
void main() {
  v_kind = a_kind;
  float radius = a_size * u_correctionRatio / u_sizeRatio * 2.0;
  v_offset = a_corner * radius;
  v_radius = radius;
  gl_Position = vec4((u_matrix * vec3(a_position + v_offset, 1)).xy, 0, 1);
  #ifdef PICKING_MODE
  v_color = a_id;
  #else
  v_color = a_color;
  #endif
  v_color.a *= 255.0 / 254.0;
}`;

const FRAGMENT = /* glsl */ `
precision highp float;
varying vec4 v_color;
varying vec2 v_offset;
varying float v_radius;
varying float v_kind;
uniform float u_correctionRatio;
float outside(vec2 d, float r) {
${KINDS.map((kind, place) => `  if (v_kind < ${place}.5) return ${OUTSIDE[kind]};`).join("\n")}
  return r;
}
void main() {
  float distance = outside(v_offset, v_radius);
  #ifdef PICKING_MODE
  gl_FragColor = distance > 0.0 ? vec4(0.0) : v_color;
  #else
  gl_FragColor = mix(v_color, vec4(0.0), clamp(distance / (u_correctionRatio * 2.0) + 1.0, 0.0, 1.0));
  #endif
}`;

/** A triangle around the circle around the shape. */
const CORNERS = [
  [0, 2],
  [-Math.sqrt(3), -1],
  [Math.sqrt(3), -1],
] as const;

/** Draws all kinds of nodes with one shader: browsers take longer to make one than to draw a thousand nodes. */
export class Shapes extends NodeProgram<Measures> {
  getDefinition() {
    return triangles(CORNERS.length, VERTEX, FRAGMENT, { a_position: 2, a_corner: 2, a_size: 1, a_kind: 1 }, ["a_color", "a_id"]);
  }

  // Every corner has all the values: a browser that draws with the processor takes 40 µs for each instance of a shape.
  processVisibleItem(nodeIndex: number, start: number, data: NodeDisplayData & { kind?: Kind }): void {
    const kind = KINDS.indexOf(data.kind ?? "person");
    const color = floatColor(data.color);
    let place = start;
    for (const [across, up] of CORNERS) {
      this.array[place++] = data.x;
      this.array[place++] = data.y;
      this.array[place++] = across;
      this.array[place++] = up;
      this.array[place++] = data.size;
      this.array[place++] = kind;
      this.array[place++] = color;
      this.array[place++] = nodeIndex;
    }
  }

  setUniforms(params: RenderParams, info: ProgramInfo): void {
    setMeasures(params, info);
  }
}
