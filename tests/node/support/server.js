import { serverFrom } from "../../support/program.mjs";

/** The address of the conformance program that this test file talks to. */
export const serverUrl = await serverFrom("CONFORMANCE_BIN", "CONFORMANCE_URL");
