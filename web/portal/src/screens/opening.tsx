import { formatTime, plainLine } from "@bulla/shared/format";
import { useRef, useState } from "preact/hooks";
import type { Flow, State } from "../flow.ts";
import { Actions, Button, byHand, Card, ProblemNote, useArmed } from "../parts.tsx";
import { texts } from "../texts.en.ts";
import { CancelButton } from "./account.tsx";

type At<Place extends State["at"]> = Extract<State, { at: Place }>;

export function ConfirmScreen({ flow, state }: { flow: Flow; state: At<"confirm"> }) {
  const armed = useArmed();
  const { sender, organisation, domain, date, address } = state.details;
  const name = plainLine(sender.name).trim();
  const press = byHand(() => armed && void flow.confirm());
  return (
    <Card title={texts.confirmTitle}>
      <div class="who">
        <dl class="facts">
          <dt>{texts.confirmFrom}</dt>
          <dd>
            {name !== "" && (
              <b>
                <bdi>{name}</bdi>{" "}
              </b>
            )}
            <span class="mail">
              <bdi>{plainLine(sender.address)}</bdi>
            </span>
          </dd>
          <dt>{texts.confirmOrganisation}</dt>
          <dd>
            <bdi>{plainLine(organisation.name)}</bdi>
          </dd>
          <dt>{texts.confirmDomain}</dt>
          <dd>
            <bdi>{plainLine(domain)}</bdi>
          </dd>
          <dt>{texts.confirmSent}</dt>
          <dd>{formatTime(date)}</dd>
          <dt>{texts.confirmFor}</dt>
          <dd>
            <bdi>{plainLine(address)}</bdi>
          </dd>
        </dl>
      </div>
      <p>{texts.confirmAsk}</p>
      <ProblemNote problem={state.problem} />
      <Actions>
        <Button
          kind="primary"
          label={texts.confirm}
          busyLabel={texts.releasing}
          busy={flow.busy}
          disabled={!armed}
          press={press}
        />
        <CancelButton flow={flow} />
      </Actions>
    </Card>
  );
}

export function DoneScreen({ flow }: { flow: Flow }) {
  return (
    <Card title={texts.doneTitle}>
      <p>{texts.done}</p>
      <Actions>
        <Button kind="primary" label={texts.closeWindow} press={() => close()} />
      </Actions>
      <details>
        <summary>{texts.notOpened}</summary>
        <Button kind="quiet" label={texts.showCode} press={() => flow.showCode()} />
      </details>
    </Card>
  );
}

export function ReleaseCodeScreen({ state }: { state: At<"release-code"> }) {
  const [copied, setCopied] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const copy = async (): Promise<void> => {
    field.current?.select();
    try {
      await navigator.clipboard.writeText(state.code);
      setCopied(true);
    } catch {
      // It is selected: the person can copy it.
    }
  };
  return (
    <Card title={texts.releaseTitle}>
      <p>{texts.release}</p>
      <p class="note warning">{texts.releaseOnly}</p>
      <label for="release-code">{texts.releaseLabel}</label>
      <textarea ref={field} id="release-code" class="release-code" readOnly value={state.code} />
      <Actions>
        <Button kind="primary" label={copied ? texts.copied : texts.copy} press={() => void copy()} />
      </Actions>
      <p class="unseen" role="status">
        {copied ? texts.copied : ""}
      </p>
    </Card>
  );
}

/** A card that says something, and that is all. */
export function EndScreen({ title, text }: { title: string; text: string }) {
  return (
    <Card title={title}>
      <p>{text}</p>
    </Card>
  );
}

export function BrokenScreen() {
  return (
    <Card title={texts.brokenTitle}>
      <p>{texts.broken}</p>
      <Actions>
        <Button kind="primary" label={texts.reload} press={() => location.reload()} />
      </Actions>
    </Card>
  );
}
