/** What a person does in a lesson, and small words about it. */
import type { App } from "./app";
import { percent, percentBounds, plural } from "./text";
import type { LessonAct, LessonAttempt, LessonStep } from "./wire";

/** Sends an act to the kernel, which answers with a new state of the lesson; a refusal is said in the status bar. */
export function learn(app: App, act: LessonAct, done?: (text: string) => void): void {
  const { store, actions } = app;
  if (store.readOnly) return;
  store.requests.send({ kind: "lesson", do: act }, (answer) => {
    if (answer.kind === "rejected") actions.say("error", answer.message);
    else if (answer.kind === "exported") done?.(answer.text);
    else actions.quiet();
  });
}

/** Whether a lesson can go on: not in a saved page, nor while no kernel answers. */
export const canLearn = ({ store }: App): boolean => !store.readOnly && !store.requests.silent.value;

/** What a check said, in words: never a verdict on the person. */
export function checkWords(last: LessonAttempt): string {
  const run = last.recovered
    ? `This step’s run: ${percent(last.recovered.value)} ${percentBounds(last.recovered)} recovered with ${plural(last.claims, "claim")}.`
    : "";
  const verdict = last.passed ? "This is what the step asks for." : last.missing.join(" ");
  return [verdict, run].filter(Boolean).join(" ");
}

export const HINT_WORDS = { words: "Hint", place: "Show me where", edit: "Do it for me" } as const;

/** What is left to do on a step, for the button that goes on. */
export const nextWords = (step: LessonStep): string =>
  step.done || (!step.task && !step.question) ? "Next" : "Skip for now";

/** A text with `code` and **bold** and *emphasis*, in pieces. */
export type Piece = { kind: "plain" | "code" | "bold" | "soft"; text: string };
export function pieces(text: string): Piece[] {
  const found: Piece[] = [];
  for (const part of text.split(/(`[^`]+`|\*\*[^*]+\*\*|\*[^*\s][^*]*\*)/)) {
    if (part.startsWith("`")) found.push({ kind: "code", text: part.slice(1, -1) });
    else if (part.startsWith("**")) found.push({ kind: "bold", text: part.slice(2, -2) });
    else if (part.length > 2 && part.startsWith("*")) found.push({ kind: "soft", text: part.slice(1, -1) });
    else if (part) found.push({ kind: "plain", text: part });
  }
  return found;
}

/** A file that the browser saves. */
export function download(document: Document, name: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  link.download = name;
  link.click();
  URL.revokeObjectURL(link.href);
}
