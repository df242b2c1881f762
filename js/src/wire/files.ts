/** Files that the kernel makes of a session: the twin of `scrub_widgets/widget/wire/files.py`. */
import { list, nullable, oneOf, shape, text, whole } from "../check";

export type FileKind = "json" | "script" | "page" | "figure";
export type FileRequest = { kind: "file"; what: FileKind; name?: string; format?: "png" | "svg" };
/** `text`, or `data` in base64. */
export type MadeFile = {
  what: FileKind;
  filename: string;
  mime: string;
  size: number;
  text: string | null;
  data: string | null;
  /** Names of all figures that can be drawn. */
  figures: string[];
};
export type FileAnswer = MadeFile & { kind: "file"; id: string };

const what = oneOf("json", "script", "page", "figure");
export const fileRequests = {
  file: shape({ kind: text, id: text, what }, { name: text, format: oneOf("png", "svg") }),
};
export const fileAnswers = {
  file: shape({
    ...{ kind: text, id: text, what, filename: text, mime: text, size: whole },
    ...{ text: nullable(text), data: nullable(text), figures: list(text) },
  }),
};
