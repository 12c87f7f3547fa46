import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Api } from "./api.ts";
import { Flow } from "./flow.ts";
import { forgetFragment, parseFragment, takeFragment } from "./fragment.ts";
import { Opener } from "./opener.ts";
import {
  AddressScreen,
  CodeScreen,
  LookingScreen,
  PasswordScreen,
  RegisterScreen,
  SignInScreen,
} from "./screens/account.tsx";
import { BrokenScreen, ConfirmScreen, DoneScreen, EndScreen, ReleaseCodeScreen } from "./screens/opening.tsx";
import { texts } from "./texts.en.ts";
import { startVault } from "./vault_client.ts";

/** Screen shows the state that the flow is in. */
function Screen({ flow }: { flow: Flow }) {
  const { state } = flow;
  switch (state.at) {
    case "looking":
      return <LookingScreen state={state} />;
    case "address":
      return <AddressScreen flow={flow} state={state} />;
    case "register":
      return <RegisterScreen flow={flow} state={state} />;
    case "code":
      return <CodeScreen flow={flow} state={state} />;
    case "password":
      return <PasswordScreen flow={flow} state={state} />;
    case "sign-in":
      return <SignInScreen flow={flow} state={state} />;
    case "confirm":
      return <ConfirmScreen flow={flow} state={state} />;
    case "release-code":
      return <ReleaseCodeScreen state={state} />;
    case "done":
      return <DoneScreen flow={flow} />;
    case "cancelled":
      return <EndScreen title={texts.cancelledTitle} text={texts.cancelled} />;
    case "locked":
      return <EndScreen title={texts.lockedTitle} text={texts.locked} />;
    case "expired":
      return <EndScreen title={texts.expiredTitle} text={texts.expired} />;
    case "broken":
      return <BrokenScreen />;
  }
}

const ended = ["done", "release-code", "cancelled", "locked", "expired"];

function start(place: HTMLElement): void {
  const request = takeFragment();
  if (!request) {
    render(<EndScreen title={texts.nothingTitle} text={texts.nothing} />, place);
    return;
  }
  const opener = new Opener(request.id);
  let vault: ReturnType<typeof startVault>;
  try {
    vault = startVault();
  } catch {
    render(<BrokenScreen />, place);
    return;
  }
  let redraw = (): void => {};
  const flow = new Flow({ request, api: new Api(), vault, opener, changed: () => redraw() });
  opener.changed = () => redraw();
  function App() {
    const [, setDrawn] = useState(0);
    useEffect(() => {
      redraw = () => setDrawn((drawn) => drawn + 1);
      // The envelope's page may have greeted before there was anything to redraw.
      redraw();
    }, []);
    if (ended.includes(flow.state.at)) forgetFragment();
    return <Screen flow={flow} />;
  }
  render(<App />, place);
  void flow.start();
}

// The same tab was sent here again, by another envelope.
addEventListener("hashchange", () => {
  if (parseFragment(location.hash)) location.reload();
});

start(document.getElementById("app") as HTMLElement);
