import { useState } from "preact/hooks";
import type { Flow, Problem, State } from "../flow.ts";
import { Actions, Button, Card, ProblemNote, useFocus } from "../parts.tsx";
import { acceptable, judge, longest } from "../password.ts";
import { texts } from "../texts.en.ts";

type At<Place extends State["at"]> = Extract<State, { at: Place }>;
type Props<Place extends State["at"]> = { flow: Flow; state: At<Place> };

/** submitting keeps the browser from sending a form, and does something instead. */
const submitting = (act: () => void) => (event: Event) => {
  event.preventDefault();
  act();
};

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

export function RegisterScreen({ flow, state }: Props<"register">) {
  return (
    <Card title={texts.registerTitle}>
      {texts.register(state.address).map((text) => (
        <p key={text}>{text}</p>
      ))}
      <ProblemNote problem={state.problem} />
      <Actions>
        <Button kind="primary" label={texts.sendCode} busy={flow.busy} press={() => void flow.sendCode()} />
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
        <Button kind="plain" label={texts.resend} disabled={flow.busy} press={() => void flow.sendCode()} />
      </p>
    </Card>
  );
}

/** The address that a password belongs to, where password managers look for it. */
function AddressLine({ address }: { address: string }) {
  return (
    <div class="field">
      <label for="username">{texts.forAddress}</label>
      <input id="username" type="email" autocomplete="username" readOnly tabIndex={-1} value={address} />
    </div>
  );
}

function PasswordField(props: {
  autocomplete: "new-password" | "current-password";
  describedBy: string;
  problem: Problem | undefined;
  value: string;
  change: (value: string) => void;
}) {
  const [shown, setShown] = useState(false);
  const field = useFocus<HTMLInputElement>(props.problem);
  return (
    <>
      <label for="password">{texts.passwordLabel}</label>
      <div class="password">
        <input
          ref={field}
          id="password"
          type={(shown ? "text" : "password") as "password"}
          autocomplete={props.autocomplete}
          autocapitalize="off"
          spellcheck={false}
          required
          value={props.value}
          aria-describedby={props.describedBy}
          onInput={(event) => props.change(event.currentTarget.value)}
        />
        <button
          type="button"
          class="button quiet"
          aria-pressed={shown}
          aria-controls="password"
          onClick={() => setShown(!shown)}
        >
          {shown ? texts.hide : texts.show}
        </button>
      </div>
    </>
  );
}

const levels = { empty: 0, short: 1, long: 1, simple: 1, fair: 2, good: 3, strong: 4 };

export function PasswordScreen({ flow, state }: Props<"password">) {
  const [password, setPassword] = useState("");
  const judgement = judge(password, state.address);
  const choose = (): void => {
    if (acceptable(judgement)) void flow.choosePassword(password);
  };
  return (
    <Card title={texts.passwordTitle} focusHeading={false}>
      <p>{texts.password}</p>
      <form onSubmit={submitting(choose)}>
        <AddressLine address={state.address} />
        <PasswordField
          autocomplete="new-password"
          describedBy="hint strength problem"
          problem={state.problem}
          value={password}
          change={setPassword}
        />
        <p class="quiet-text" id="hint">
          {texts.passwordHint}
        </p>
        <p class="strength" id="strength" aria-live="polite">
          {password !== "" && (
            <meter min={0} max={4} low={2} high={3} optimum={4} value={levels[judgement]} aria-hidden="true" />
          )}
          {texts.judged[judgement]}
        </p>
        <ProblemNote id="problem" problem={state.problem} />
        <Actions>
          <Button
            kind="primary"
            submit
            label={texts.choose}
            busyLabel={texts.stretching}
            busy={flow.busy}
            disabled={!acceptable(judgement) || password.length > longest}
          />
        </Actions>
      </form>
    </Card>
  );
}

export function SignInScreen({ flow, state }: Props<"sign-in">) {
  const [password, setPassword] = useState("");
  return (
    <Card title={texts.signInTitle} focusHeading={false}>
      <form onSubmit={submitting(() => password !== "" && void flow.signIn(password))}>
        <AddressLine address={state.address} />
        <PasswordField
          autocomplete="current-password"
          describedBy="problem"
          problem={state.problem}
          value={password}
          change={setPassword}
        />
        <ProblemNote id="problem" problem={state.problem} />
        <Actions>
          <Button kind="primary" submit label={texts.signIn} busyLabel={texts.signingIn} busy={flow.busy} />
          <CancelButton flow={flow} />
          <OtherAddress flow={flow} />
        </Actions>
      </form>
    </Card>
  );
}
