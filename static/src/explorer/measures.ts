/* What the shaders of nodes and of edges are told of the camera. */
import type { ProgramInfo } from "sigma/rendering";
import type { RenderParams } from "sigma/types";

export const UNIFORMS = ["u_sizeRatio", "u_correctionRatio", "u_matrix"] as const;

export function setMeasures(params: RenderParams, { gl, uniformLocations }: ProgramInfo): void {
  gl.uniform1f(uniformLocations["u_correctionRatio"] ?? null, params.correctionRatio);
  gl.uniform1f(uniformLocations["u_sizeRatio"] ?? null, params.sizeRatio);
  gl.uniformMatrix3fv(uniformLocations["u_matrix"] ?? null, false, params.matrix);
}
