/* Edges for sigma: lines of a width in pixels, smooth at both sides. Nothing is picked by an edge. */
import { EdgeProgram, type ProgramInfo } from "sigma/rendering";
import type { EdgeDisplayData, NodeDisplayData, RenderParams } from "sigma/types";
import { floatColor } from "sigma/utils";
import { type Measures, setMeasures, triangles } from "./measures";

/** A pixel of the screen is twice `u_correctionRatio` in the measure of positions; a line is wider by half of one at each side, to fade out. */
const VERTEX = /* glsl */ `
attribute vec4 a_color;
attribute vec2 a_position;
attribute vec2 a_across;
attribute float a_side;
attribute float a_size;
uniform mat3 u_matrix;
uniform float u_sizeRatio;
uniform float u_correctionRatio;
varying vec4 v_color;
varying float v_away;
varying float v_half;
void main() {
  v_half = max(a_size / u_sizeRatio, 1.0) * 0.5;
  v_away = a_side * (v_half + 0.5);
  gl_Position = vec4((u_matrix * vec3(a_position + a_across * v_away * u_correctionRatio * 2.0, 1)).xy, 0, 1);
  v_color = a_color;
  v_color.a *= 255.0 / 254.0;
}`;

const FRAGMENT = /* glsl */ `
precision mediump float;
varying vec4 v_color;
varying float v_away;
varying float v_half;
void main() {
  #ifdef PICKING_MODE
  gl_FragColor = vec4(0.0);
  #else
  gl_FragColor = v_color * clamp(v_half + 0.5 - abs(v_away), 0.0, 1.0);
  #endif
}`;

/** The corners of two triangles that make a line: whether at its end, and on which side. */
const CORNERS = [
  [false, -1],
  [false, 1],
  [true, 1],
  [false, -1],
  [true, 1],
  [true, -1],
] as const;

export class Lines extends EdgeProgram<Measures> {
  getDefinition() {
    return triangles(CORNERS.length, VERTEX, FRAGMENT, { a_position: 2, a_across: 2, a_side: 1, a_size: 1 }, ["a_color"]);
  }

  // Every corner has all the values, as those of nodes do, and for the same reason.
  processVisibleItem(_edge: number, start: number, source: NodeDisplayData, target: NodeDisplayData, data: EdgeDisplayData): void {
    const [dx, dy] = [target.x - source.x, target.y - source.y];
    const length = Math.hypot(dx, dy) || 1;
    const color = floatColor(data.color);
    let place = start;
    for (const [end, side] of CORNERS) {
      this.array[place++] = end ? target.x : source.x;
      this.array[place++] = end ? target.y : source.y;
      this.array[place++] = -dy / length;
      this.array[place++] = dx / length;
      this.array[place++] = side;
      this.array[place++] = data.size;
      this.array[place++] = color;
    }
  }

  setUniforms(params: RenderParams, info: ProgramInfo): void {
    setMeasures(params, info);
  }
}
