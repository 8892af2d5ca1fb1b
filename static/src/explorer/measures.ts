/* What the shaders of nodes and of edges have in common: triangles, and what they are told of the camera. */
import type { ProgramInfo } from "sigma/rendering";
import type { RenderParams } from "sigma/types";

const UNIFORMS = ["u_sizeRatio", "u_correctionRatio", "u_matrix"] as const;
export type Measures = (typeof UNIFORMS)[number];

/** Every corner has first so many numbers, by name, then these as four bytes: colors, and what picking reads. */
export function triangles(corners: number, vertex: string, fragment: string, numbers: Record<string, number>, bytes: string[]) {
  const { FLOAT, UNSIGNED_BYTE, TRIANGLES } = WebGLRenderingContext;
  return {
    VERTICES: corners,
    VERTEX_SHADER_SOURCE: vertex,
    FRAGMENT_SHADER_SOURCE: fragment,
    METHOD: TRIANGLES as number,
    UNIFORMS,
    ATTRIBUTES: [
      ...Object.entries(numbers).map(([name, size]) => ({ name, size, type: FLOAT as number })),
      ...bytes.map((name) => ({ name, size: 4, type: UNSIGNED_BYTE as number, normalized: true })),
    ],
  };
}

export function setMeasures(params: RenderParams, { gl, uniformLocations }: ProgramInfo): void {
  gl.uniform1f(uniformLocations["u_correctionRatio"] ?? null, params.correctionRatio);
  gl.uniform1f(uniformLocations["u_sizeRatio"] ?? null, params.sizeRatio);
  gl.uniformMatrix3fv(uniformLocations["u_matrix"] ?? null, false, params.matrix);
}
