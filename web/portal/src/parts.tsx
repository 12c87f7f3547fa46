import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Problem } from "./flow.ts";
import { texts } from "./texts.en.ts";

/** problemText says what went wrong, and what to do. */
export function problemText(problem: Problem): string {
  return texts.problems[problem.name](problem.triesLeft, problem.retryAfter);
}

/** A card with its heading, which gets the reader's attention unless a field on the card does. */
export function Card(props: { title: string; focusHeading?: boolean; children: ComponentChildren }) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    if (props.focusHeading !== false) heading.current?.focus({ preventScroll: true });
    scrollTo(0, 0);
    const status = document.getElementById("status");
    if (status) status.textContent = props.title;
    document.title = props.title;
  }, [props.title, props.focusHeading]);
  return (
    <section class="card">
      <h1 ref={heading} tabIndex={-1}>
        {props.title}
      </h1>
      {props.children}
    </section>
  );
}

/** A problem, read out when it appears; `text` is one that needs no server to be seen. */
export function ProblemNote(props: { problem?: Problem | undefined; text?: string | undefined; id?: string }) {
  return (
    <p class="problem" role="alert" id={props.id}>
      {props.text ?? (props.problem ? problemText(props.problem) : "")}
    </p>
  );
}

/** A button that can wait: it stays in place and keeps the focus, but is not heard. */
export function Button(props: {
  kind: "primary" | "quiet" | "plain";
  label: string;
  busyLabel?: string;
  busy?: boolean;
  disabled?: boolean;
  submit?: boolean;
  press?: (event: MouseEvent) => void;
}) {
  const waiting = props.busy === true || props.disabled === true;
  const press = (event: MouseEvent): void => {
    if (waiting) event.preventDefault();
    else props.press?.(event);
  };
  return (
    <button
      type={props.submit ? "submit" : "button"}
      class={`button ${props.kind}`}
      aria-disabled={waiting}
      aria-busy={props.busy === true}
      onClick={press}
    >
      {props.busy ? (props.busyLabel ?? texts.working) : props.label}
    </button>
  );
}

/** byHand does what a person's press starts, and not a script's: of the page, of an extension, of a scanner of mail. */
export const byHand =
  (act: () => void) =>
  (event: MouseEvent): void => {
    if (event.isTrusted) act();
  };

/** The buttons at the end of a card. */
export function Actions({ children }: { children: ComponentChildren }) {
  return <div class="actions">{children}</div>;
}

/**
 * A field that has the focus when it appears, and again when there is a problem with it. Before it is painted: who types
 * at once loses nothing.
 */
export function useFocus<Element extends HTMLElement>(again: unknown) {
  const field = useRef<Element>(null);
  useLayoutEffect(() => field.current?.focus(), [again]);
  return field;
}

const armingTime = 800;

/**
 * useArmed is false until the page has been seen, with the focus, for a moment: a window that comes up under somebody's
 * finger must not take the press that was meant for something else.
 */
export function useArmed(): boolean {
  const [armed, setArmed] = useState(false);
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const look = (): void => {
      clearTimeout(timer);
      setArmed(false);
      if (document.visibilityState === "visible" && document.hasFocus())
        timer = setTimeout(() => setArmed(true), armingTime);
    };
    look();
    addEventListener("focus", look);
    addEventListener("blur", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      clearTimeout(timer);
      removeEventListener("focus", look);
      removeEventListener("blur", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);
  return armed;
}
