/** Lessons on the wire: the twin of `scrub_widgets/widget/wire/lessons.py`. */
import { type Check, flag, list, nullable, oneOf, real, shape, tagged, text, whole } from "../check";

export type LessonOffer = {
  name: string;
  title: string;
  task: string;
  /** How to get its task, where the present one is another; else empty. */
  needs: string;
};
export type LessonRow = { title: string; state: "open" | "seen" | "done" };
export type LessonHint = { text: string; spotlight: string[]; did: boolean };
/** An answer or a check as it stood when it was made. */
export type LessonAttempt = {
  choice: number | null;
  /** null: nothing is right or wrong here */
  passed: boolean | null;
  missing: string[];
  recovered: { value: number | null; low: number | null; high: number | null } | null;
  claims: number;
  rev: number;
};
export type LessonStep = {
  title: string;
  text: string[];
  task: string;
  question: { text: string; choices: string[]; feedback: string } | null;
  hints: LessonHint[];
  next_hint: "words" | "place" | "edit" | null;
  attempts: number;
  last: LessonAttempt | null;
  /** A check waits for the step's own run. */
  waiting: boolean;
  done: boolean;
  outcome: string;
  observation: string;
  interpretation: string;
};
export type LessonOpen = {
  name: string;
  title: string;
  concept: string;
  goal: string;
  rows: LessonRow[];
  at: number;
  step: LessonStep;
  can_close: boolean;
  saved_to: string | null;
  problem: string | null;
};
export type Starter = { task: string; title: string; words: string };
export type Lessons = {
  offered: LessonOffer[];
  open: LessonOpen | null;
  /** Tasks that ship, while the widget has none. */
  starters: Starter[];
};

export type LessonAct =
  | { act: "start"; task: string }
  | { act: "open"; name: string }
  | { act: "go"; step: number }
  | { act: "answer"; choice: number }
  | { act: "note"; observation?: string; interpretation?: string }
  | { act: "close" | "check" | "hint" | "reset" | "progress" };

const texts = list(text);
const number = nullable(real);
const attempt = shape({
  ...{ choice: nullable(whole), passed: nullable(flag), missing: texts, claims: whole, rev: whole },
  recovered: nullable(shape({ value: number, low: number, high: number })),
});
const step = shape({
  ...{ title: text, text: texts, task: text, attempts: whole, waiting: flag, done: flag, outcome: text },
  ...{ observation: text, interpretation: text, last: nullable(attempt) },
  question: nullable(shape({ text, choices: texts, feedback: text })),
  hints: list(shape({ text, spotlight: texts, did: flag })),
  next_hint: nullable(oneOf("words", "place", "edit")),
});
const open = shape({
  ...{ name: text, title: text, concept: text, goal: text, at: whole, step, can_close: flag },
  rows: list(shape({ title: text, state: oneOf("open", "seen", "done") })),
  ...{ saved_to: nullable(text), problem: nullable(text) },
});

export const lessonsTrait: Check = shape({
  offered: list(shape({ name: text, title: text, task: text, needs: text })),
  open: nullable(open),
  starters: list(shape({ task: text, title: text, words: text })),
});

const bare = shape({ act: text });
const act = tagged("act", {
  ...{ close: bare, check: bare, hint: bare, reset: bare, progress: bare },
  start: shape({ act: text, task: text }),
  open: shape({ act: text, name: text }),
  go: shape({ act: text, step: whole }),
  answer: shape({ act: text, choice: whole }),
  note: shape({ act: text }, { observation: text, interpretation: text }),
});

export const lessonMessage: Check = shape({ kind: text, id: text, do: act });
