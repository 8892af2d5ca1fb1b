/* Node shapes for sigma: person circle, work square, topic diamond, institution hexagon. Never told apart by color alone. */
import { NodeProgram, type ProgramInfo } from "sigma/rendering";
import type { NodeDisplayData, RenderParams } from "sigma/types";
import { floatColor } from "sigma/utils";

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
attribute vec2 a_corner;
uniform mat3 u_matrix;
uniform float u_sizeRatio;
uniform float u_correctionRatio;
varying vec4 v_color;
varying vec2 v_offset;
varying float v_radius;
void main() {
  float radius = a_size * u_correctionRatio / u_sizeRatio * 2.0;
  v_offset = a_corner * radius * 2.0;
  v_radius = radius;
  gl_Position = vec4((u_matrix * vec3(a_position + v_offset, 1)).xy, 0, 1);
  #ifdef PICKING_MODE
  v_color = a_id;
  #else
  v_color = a_color;
  #endif
  v_color.a *= 255.0 / 254.0;
}`;

const fragment = (outside: string): string => /* glsl */ `
precision highp float;
varying vec4 v_color;
varying vec2 v_offset;
varying float v_radius;
uniform float u_correctionRatio;
void main() {
  vec2 d = v_offset;
  float r = v_radius;
  float distance = ${outside};
  #ifdef PICKING_MODE
  gl_FragColor = distance > 0.0 ? vec4(0.0) : v_color;
  #else
  gl_FragColor = mix(v_color, vec4(0.0), clamp(distance / (u_correctionRatio * 2.0) + 1.0, 0.0, 1.0));
  #endif
}`;

const UNIFORMS = ["u_sizeRatio", "u_correctionRatio", "u_matrix"] as const;

/** The sigma program that draws one kind of node. */
export function program(kind: Kind) {
  return class extends NodeProgram<(typeof UNIFORMS)[number]> {
    getDefinition() {
      const { FLOAT, UNSIGNED_BYTE, TRIANGLES } = WebGLRenderingContext;
      return {
        VERTICES: 6,
        VERTEX_SHADER_SOURCE: VERTEX,
        FRAGMENT_SHADER_SOURCE: fragment(OUTSIDE[kind]),
        METHOD: TRIANGLES as number,
        UNIFORMS,
        ATTRIBUTES: [
          { name: "a_position", size: 2, type: FLOAT as number },
          { name: "a_size", size: 1, type: FLOAT as number },
          { name: "a_color", size: 4, type: UNSIGNED_BYTE as number, normalized: true },
          { name: "a_id", size: 4, type: UNSIGNED_BYTE as number, normalized: true },
        ],
        CONSTANT_ATTRIBUTES: [{ name: "a_corner", size: 2, type: FLOAT as number }],
        // Two triangles that make a square of half the side 0.5.
        CONSTANT_DATA: [[-0.5, -0.5], [0.5, -0.5], [0.5, 0.5], [-0.5, -0.5], [0.5, 0.5], [-0.5, 0.5]],
      };
    }

    processVisibleItem(nodeIndex: number, start: number, data: NodeDisplayData): void {
      const values = [data.x, data.y, data.size, floatColor(data.color), nodeIndex];
      values.forEach((value, place) => (this.array[start + place] = value));
    }

    setUniforms(params: RenderParams, { gl, uniformLocations }: ProgramInfo): void {
      gl.uniform1f(uniformLocations["u_correctionRatio"] ?? null, params.correctionRatio);
      gl.uniform1f(uniformLocations["u_sizeRatio"] ?? null, params.sizeRatio);
      gl.uniformMatrix3fv(uniformLocations["u_matrix"] ?? null, false, params.matrix);
    }
  };
}
