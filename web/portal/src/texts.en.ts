import type { Judgement } from "./password.ts";

/** Every text of the portal's pages that scripts show, in English. */

const minutes = (seconds: number): string => {
  if (seconds <= 0) return "in a little while";
  if (seconds < 90) return `in ${seconds} seconds`;
  return seconds < 5400 ? `in ${Math.ceil(seconds / 60)} minutes` : `in ${Math.ceil(seconds / 3600)} hours`;
};

export const texts = {
  next: "Continue",
  back: "Back",
  cancel: "Cancel",
  working: "One moment…",
  retry: "Try again",
  otherAddress: "Another address",

  nothingTitle: "There is nothing to open here",
  nothing:
    "This page belongs to a secure message. Open the attachment of the mail in your browser, and press “Open message” there.",

  looking: (address: string) => `Looking for the message to ${address}.`,

  addressTitle: "Your e-mail address",
  address: "The message is for certain people only. Enter the e-mail address that it was sent to.",
  addressLabel: "E-mail address",

  registerTitle: "Set up your access",
  register: (address: string) => [
    `You open a secure message with ${address} for the first time.`,
    "We send you a mail with a code, to be sure that the mailbox is yours. Then you choose a password.",
  ],
  sendCode: "Send me the code",

  codeTitle: "Enter the code",
  code: (address: string) => `We sent 8 digits to ${address}. They are good for 10 minutes.`,
  codeAgain: (address: string) => `We sent a new code to ${address}. Only the newest one counts.`,
  codeLabel: "Code",
  codeNone: "No mail? Look into the spam folder, or let us send another one.",
  resend: "Send another code",

  passwordTitle: "Choose a password",
  password: "You need it for every secure message. It never leaves your browser, so nobody here can read it.",
  passwordForgotten:
    "A forgotten password cannot be reset or sent to you, and the messages that you got until then can no longer be " +
    "opened. Let your browser keep it, or write it down and put it in a safe place.",
  passwordLabel: "Password",
  repeatLabel: "The same password again",
  passwordHint: "At least 10 characters. Several words in a row are easy to remember.",
  show: "Show",
  hide: "Hide",
  choose: "Set the password",
  stretching: "Making your keys…",
  judged: {
    empty: "",
    short: "Too short",
    long: "Too long",
    simple: "Too easy to guess",
    fair: "Fair: longer is better",
    good: "Good",
    strong: "Very good",
  } satisfies Record<Judgement, string>,
  refused: {
    empty: "Type a password first.",
    short: "This password is too short. Add a word or two: it needs at least 10 characters.",
    long: "This password is too long. Choose a shorter one.",
    simple: "This password is too easy to guess. Take several words that do not belong together.",
    once: "Type the same password a second time, so that a slip of the finger does not lock you out.",
    differ: "The two passwords are not the same. Press “Show” to see them.",
  },

  signInTitle: "Sign in",
  signIn: "Sign in",
  signingIn: "Checking your password…",
  forAddress: "Address",
  forgotten: "Forgotten your password?",
  forgottenHelp: [
    "Try the passwords that you may have used here. Capital and small letters make a difference: look at the " +
      "caps-lock key. Your browser may have kept the password, too.",
    "Nobody can reset it or send it to you: it never left your browser.",
    "If it does not come back to you, ask the sender to send the message to another address of yours. You choose a " +
      "new password there.",
  ],
  passwordStays: "Your password never leaves your browser.",

  confirmTitle: "Open this message?",
  confirmFrom: "From",
  confirmOrganisation: "Organisation",
  confirmDomain: "Verified domain",
  confirmSent: "Sent",
  confirmFor: "For",
  confirmAsk:
    "Open it only if this is the message whose “Open message” button you have just pressed. It is recorded that " +
    "you did.",
  confirm: "Yes, open it",
  releasing: "Opening…",

  doneTitle: "The message is opening",
  done: "Go back to the window with the message. You can close this one.",
  closeWindow: "Close this window",
  notOpened: "It did not open?",
  showCode: "Show a code instead",

  releaseTitle: "Copy this code",
  release:
    "Copy the whole code, go back to the page with the message, and paste it there, under “The window cannot send it back?”. It works for that message, on that page only.",
  releaseOnly:
    "Enter it nowhere but in the file that came by mail: not on a website, not in a chat, not in a mail. Who asks you for it wants to read your message.",
  releaseLabel: "Code for the message",
  copy: "Copy the code",
  copied: "Copied",

  cancelledTitle: "You cancelled",
  cancelled: "The message stays sealed. You can close this window.",

  lockedTitle: "The sender has locked this message",
  locked: "It cannot be opened at the moment. If you need it, ask the sender to unlock it.",
  expiredTitle: "This message has expired",
  expired:
    "Its sender set a date after which nobody can open it. If you still need it, ask the sender to send it again.",

  brokenTitle: "This does not work here",
  broken:
    "Your browser lacks something that is needed, or stopped it. Load this page again, or use a current version of Firefox, Chrome, Edge or Safari.",
  reload: "Load again",

  problems: {
    "unknown-address": () =>
      "This message is not addressed to that address. Look for a typing mistake, or try the address that the mail came to.",
    "wrong-password": () => "That password is not right. Capital and small letters make a difference.",
    "wrong-code": (left?: number) =>
      left === undefined
        ? "That code is not right."
        : `That code is not right. You have ${left === 1 ? "one try" : `${left} tries`} left.`,
    "code-gone": () => "That code is used up or out of time. Let us send you a new one.",
    registered: () => "This address has its password already. Sign in with it.",
    "session-ended": () => "Your session has ended. Please sign in again.",
    "too-many": (_left?: number, after = 0) => `That was tried too often. Please try again ${minutes(after)}.`,
    unreachable: () => "The server cannot be reached. Check your connection, and try again.",
    unavailable: (_left?: number, after = 0) => `The server is busy at the moment. Please try again ${minutes(after)}.`,
    "not-yours": () => "This message is not for the account that you signed in with.",
    "wrong-key": () => "The key of your account does not fit this message. Please tell the sender.",
    refused: () => "The server did not accept that.",
    failed: () => "Something went wrong on the server. Please try again.",
  },
} as const;
