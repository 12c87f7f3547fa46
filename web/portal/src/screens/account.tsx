import type { ComponentChildren } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import type { Flow, State } from "../flow.ts";
import { Actions, Button, byHand, Card, ProblemNote, useFocus } from "../parts.tsx";
import { acceptable, type Judgement, judge } from "../password.ts";
import { texts } from "../texts.en.ts";

type At<Place extends State["at"]> = Extract<State, { at: Place }>;
type Props<Place extends State["at"]> = { flow: Flow; state: At<Place> };

/** submitting keeps the browser from sending a form, and does something instead. */
const submitting = (act: () => void) => (event: Event) => {
  event.preventDefault();
  act();
};

/** The address came with the message: the person waits a moment, and types nothing. */
export function LookingScreen({ state }: { state: At<"looking"> }) {
  return (
    <Card title={texts.working}>
      <p>{texts.looking(state.address)}</p>
    </Card>
  );
}

export function AddressScreen({ flow, state }: Props<"address">) {
  const [address, setAddress] = useState(state.address);
  const field = useFocus<HTMLInputElement>(state.problem);
  return (
    <Card title={texts.addressTitle} focusHeading={false}>
      <p>{texts.address}</p>
      <form onSubmit={submitting(() => void flow.giveAddress(address))}>
        <label for="address">{texts.addressLabel}</label>
        <input
          ref={field}
          id="address"
          type="email"
          autocomplete="username"
          inputMode="email"
          autocapitalize="off"
          spellcheck={false}
          required
          maxLength={320}
          value={address}
          aria-describedby="problem"
          onInput={(event) => setAddress(event.currentTarget.value)}
        />
        <ProblemNote id="problem" problem={state.problem} />
        <Actions>
          <Button kind="primary" submit label={texts.next} busy={flow.busy} />
          <CancelButton flow={flow} />
        </Actions>
      </form>
    </Card>
  );
}

/** Tells the envelope's page, if there is one that waits. */
export function CancelButton({ flow }: { flow: Flow }) {
  return flow.attached ? <Button kind="quiet" label={texts.cancel} press={() => flow.cancel()} /> : null;
}

function OtherAddress({ flow }: { flow: Flow }) {
  return <Button kind="plain" label={texts.otherAddress} press={() => flow.changeAddress()} />;
}

/** A scanner of mail that runs scripts is to use up none of the codes that an address may have in an hour. */
const askForCode = (flow: Flow) => byHand(() => void flow.sendCode());

export function RegisterScreen({ flow, state }: Props<"register">) {
  return (
    <Card title={texts.registerTitle}>
      {texts.register(state.address).map((text) => (
        <p key={text}>{text}</p>
      ))}
      <ProblemNote problem={state.problem} />
      <Actions>
        <Button kind="primary" label={texts.sendCode} busy={flow.busy} press={askForCode(flow)} />
        <CancelButton flow={flow} />
        <OtherAddress flow={flow} />
      </Actions>
    </Card>
  );
}

const codeLength = 8;

export function CodeScreen({ flow, state }: Props<"code">) {
  const [code, setCode] = useState("");
  const field = useFocus<HTMLInputElement>(state.problem ?? state.sent);
  const typed = (event: { currentTarget: HTMLInputElement }): void => {
    const digits = event.currentTarget.value.replace(/\D/g, "").slice(0, codeLength);
    event.currentTarget.value = digits;
    setCode(digits);
  };
  return (
    <Card title={texts.codeTitle} focusHeading={false}>
      <p>{state.sent > 1 ? texts.codeAgain(state.address) : texts.code(state.address)}</p>
      <form onSubmit={submitting(() => code.length === codeLength && void flow.giveCode(code))}>
        <label for="code">{texts.codeLabel}</label>
        <input
          ref={field}
          id="code"
          class="digits"
          inputMode="numeric"
          autocomplete="one-time-code"
          required
          pattern="[0-9]{8}"
          value={code}
          aria-describedby="problem"
          onInput={typed}
        />
        <ProblemNote id="problem" problem={state.problem} />
        <Actions>
          <Button kind="primary" submit label={texts.next} busy={flow.busy} disabled={code.length !== codeLength} />
          <OtherAddress flow={flow} />
        </Actions>
      </form>
      <p class="quiet-text">{texts.codeNone}</p>
      <p class="aside">
        <Button kind="plain" label={texts.resend} disabled={flow.busy} press={askForCode(flow)} />
      </p>
    </Card>
  );
}

/** The address that a password belongs to, as text; and, unseen, where password managers look for it. */
function AddressLine({ address }: { address: string }) {
  return (
    <p class="account">
      <span>{texts.forAddress}</span>{" "}
      <b>
        <bdi>{address}</bdi>
      </b>
      <input class="unseen" type="email" autocomplete="username" readOnly tabIndex={-1} aria-hidden value={address} />
    </p>
  );
}

function PasswordField(props: {
  id: string;
  label: string;
  autocomplete: "new-password" | "current-password";
  describedBy: string;
  /** Takes the focus, and again when this changes; without it, never. */
  focus?: unknown;
  value: string;
  change: (value: string) => void;
  shown: boolean;
  /** Beside the field. */
  children?: ComponentChildren;
}) {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(() => {
    if (props.focus) field.current?.focus();
  }, [props.focus]);
  return (
    <>
      <label for={props.id}>{props.label}</label>
      <div class="password">
        <input
          ref={field}
          id={props.id}
          type={(props.shown ? "text" : "password") as "password"}
          autocomplete={props.autocomplete}
          autocapitalize="off"
          spellcheck={false}
          required
          value={props.value}
          aria-describedby={props.describedBy}
          onInput={(event) => props.change(event.currentTarget.value)}
        />
        {props.children}
      </div>
    </>
  );
}

function ShowButton({ fields, shown, press }: { fields: string; shown: boolean; press: () => void }) {
  return (
    <button type="button" class="button quiet" aria-pressed={shown} aria-controls={fields} onClick={press}>
      {shown ? texts.hide : texts.show}
    </button>
  );
}

const levels = { empty: 0, short: 1, long: 1, simple: 1, fair: 2, good: 3, strong: 4 };

/** What is wrong with what was typed, and in which field. */
interface Refusal {
  field: "password" | "repeat";
  text: string;
}

function refusalOf(password: string, repeated: string, judgement: Judgement): Refusal | undefined {
  if (!acceptable(judgement)) return { field: "password", text: texts.refused[judgement] };
  if (repeated === "") return { field: "repeat", text: texts.refused.once };
  return password === repeated ? undefined : { field: "repeat", text: texts.refused.differ };
}

export function PasswordScreen({ flow, state }: Props<"password">) {
  const [password, setPassword] = useState("");
  const [repeated, setRepeated] = useState("");
  const [shown, setShown] = useState(false);
  const [refusal, setRefusal] = useState<Refusal>();
  const judgement = judge(password, state.address);
  const choose = (): void => {
    const wrong = refusalOf(password, repeated, judgement);
    setRefusal(wrong);
    if (wrong) document.getElementById(wrong.field)?.focus();
    else void flow.choosePassword(password);
  };
  const typed = (set: (value: string) => void) => (value: string) => {
    set(value);
    setRefusal(undefined);
  };
  const common = { autocomplete: "new-password", shown } as const;
  return (
    <Card title={texts.passwordTitle} focusHeading={false}>
      <p>{texts.password}</p>
      <p class="note warning">{texts.passwordForgotten}</p>
      <form noValidate onSubmit={submitting(choose)}>
        <AddressLine address={state.address} />
        <PasswordField
          {...common}
          id="password"
          label={texts.passwordLabel}
          describedBy="hint strength problem"
          focus={state.problem ?? true}
          value={password}
          change={typed(setPassword)}
        >
          <ShowButton fields="password repeat" shown={shown} press={() => setShown(!shown)} />
        </PasswordField>
        <p class="quiet-text" id="hint">
          {texts.passwordHint}
        </p>
        <p class="strength" id="strength" aria-live="polite">
          {password !== "" && (
            <meter min={0} max={4} low={2} high={3} optimum={4} value={levels[judgement]} aria-hidden="true" />
          )}
          {texts.judged[judgement]}
        </p>
        <PasswordField
          {...common}
          id="repeat"
          label={texts.repeatLabel}
          describedBy="problem"
          value={repeated}
          change={typed(setRepeated)}
        />
        <ProblemNote id="problem" problem={state.problem} text={refusal?.text} />
        <Actions>
          <Button kind="primary" submit label={texts.choose} busyLabel={texts.stretching} busy={flow.busy} />
        </Actions>
      </form>
    </Card>
  );
}

export function SignInScreen({ flow, state }: Props<"sign-in">) {
  const [password, setPassword] = useState("");
  const [shown, setShown] = useState(false);
  return (
    <Card title={texts.signInTitle} focusHeading={false}>
      <form onSubmit={submitting(() => password !== "" && void flow.signIn(password))}>
        <AddressLine address={state.address} />
        <PasswordField
          id="password"
          label={texts.passwordLabel}
          autocomplete="current-password"
          describedBy="problem"
          focus={state.problem ?? true}
          value={password}
          change={setPassword}
          shown={shown}
        >
          <ShowButton fields="password" shown={shown} press={() => setShown(!shown)} />
        </PasswordField>
        <ProblemNote id="problem" problem={state.problem} />
        <Actions>
          <Button kind="primary" submit label={texts.signIn} busyLabel={texts.signingIn} busy={flow.busy} />
          <CancelButton flow={flow} />
          <OtherAddress flow={flow} />
        </Actions>
      </form>
      <details>
        <summary>{texts.forgotten}</summary>
        <ul>
          {texts.forgottenHelp.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      </details>
      <p class="quiet-text">{texts.passwordStays}</p>
    </Card>
  );
}
