// A stream to the server: the size of each part of a file, while the server tells how far it has come.

import { element } from "../dom.js";
import { reason } from "../hub.js";

const PART = 64 * 1024;
const SAMPLE = 8 * 1024 * 1024;

export function setUpUpload(hub) {
  const progress = element("upload-progress");

  async function upload(blob) {
    const outcome = element("upload-outcome");
    progress.max = Math.max(blob.size, 1);
    progress.value = 0;
    outcome.textContent = "Sending…";
    try {
      const sizes = new window.signalR.Subject();
      const total = hub.invoke("Upload", sizes);
      await Promise.all([total, sendSizes(blob, sizes)]);
      progress.value = progress.max;
      outcome.textContent = `The server counted ${(await total).toLocaleString("en")} bytes.`;
    } catch (error) {
      outcome.textContent = `Not sent: ${reason(error)}`;
    }
  }

  hub.on("UploadProgress", (bytes) => {
    progress.value = bytes;
  });
  element("sample").addEventListener("click", () => upload(new Blob([new Uint8Array(SAMPLE)])));
  element("file").addEventListener("change", async ({ target }) => {
    const [file] = target.files;
    if (file) {
      await upload(file);
      target.value = "";
    }
  });
}

/** Reads the blob part by part; what cannot be read fails the stream on the server as well. */
async function sendSizes(blob, sizes) {
  try {
    for (let start = 0; start < blob.size; start += PART) {
      const part = await blob.slice(start, start + PART).arrayBuffer();
      sizes.next(part.byteLength);
    }
    sizes.complete();
  } catch (error) {
    sizes.error(error);
    throw error;
  }
}
