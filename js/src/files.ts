/** Files of the Export sheet: asked for, measured, copied, downloaded. */
import { type Signal, signal } from "@preact/signals";
import type { Requests } from "./requests";
import type { FileKind, FileRequest, MadeFile } from "./wire";

/** A file that was asked for: null while it is being made, a sentence if it cannot be. */
export type Offered = MadeFile | string | null;

export type Files = {
  offered: Record<FileKind, Signal<Offered>>;
  /** Asks for a file anew. */
  make(request: Omit<FileRequest, "kind">): void;
};

export function createFiles(requests: Requests): Files {
  const offered = { json: signal(null), script: signal(null), page: signal(null), figure: signal(null) } as Record<
    FileKind,
    Signal<Offered>
  >;
  const turns = { json: 0, script: 0, page: 0, figure: 0 };
  return {
    offered,
    make(request) {
      const into = offered[request.what];
      into.value = null;
      turns[request.what] += 1;
      const turn = turns[request.what];
      requests.send({ kind: "file", ...request }, (answer) => {
        if (turn !== turns[request.what]) return; // another one was asked for since
        if (answer.kind === "file") into.value = answer;
        if (answer.kind === "rejected") into.value = answer.message;
      });
    },
  };
}

/** 1536 is "1.5 kB". */
export function sizeWords(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`;
  const [value, unit] = bytes < 1e6 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${value.toFixed(value < 10 ? 1 : 0)} ${unit}`;
}

export function blobOf(file: MadeFile): Blob {
  const bytes = file.data === null ? null : Uint8Array.from(atob(file.data), (c) => c.charCodeAt(0));
  return new Blob([bytes ?? file.text ?? ""], { type: file.mime });
}

/** Starts a download; `beside` is any element of the view. */
export function download(file: MadeFile, beside: Element): void {
  const link = beside.ownerDocument.createElement("a");
  link.href = URL.createObjectURL(blobOf(file));
  link.download = file.filename;
  link.click();
  // The browser reads it after this returns.
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

/** Text as text, a picture as a picture; whether it worked: pages that are not served over https have no clipboard. */
export async function copy(file: MadeFile): Promise<boolean> {
  try {
    if (file.text !== null) await navigator.clipboard.writeText(file.text);
    else await navigator.clipboard.write([new ClipboardItem({ [file.mime]: blobOf(file) })]);
    return true;
  } catch {
    return false;
  }
}
