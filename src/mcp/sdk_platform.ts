/**
 * What the SDK takes from its platform. In the bundle this stands for its own choice (`@modelcontextprotocol/server/_shims`,
 * scripts/build.ts), which brings a JSON schema validator of 290 KiB and starts it with the program.
 *
 * @module
 */

export { default as process } from "node:process";

/** Checks filled-in forms, the only use that the SDK has for it on the server's side; we hand out none, so none is right. */
export class DefaultJsonSchemaValidator {
  getValidator(): () => { valid: false; data: undefined; errorMessage: string } {
    return () => ({ valid: false, data: undefined, errorMessage: "forms are not used" });
  }
}
