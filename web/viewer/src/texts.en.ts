/** Every text of the envelope's page, in English. */
export const texts = {
  product: "Secure message",
  readyTitle: (name: string) => `${name} sent you a secure message`,
  open: "Open message",
  opensAt: (host: string) => `You sign in at ${host}, in a window of its own.`,
  promise: "This page never asks for a password. Your password belongs on the sign-in page only.",
  asTheFileSays: "This is what the file says. It is checked when you open it.",
  from: "From",
  to: "To",
  cc: "Copy to",
  sent: "Sent",
  size: "Size",
  organisation: "Organisation",
  onBehalf: (name: string) => `sent by ${name}`,

  howTitle: "How does this work?",
  how: (host: string) => [
    `The whole message is inside this file, encrypted. It is nowhere else, not even at ${host}.`,
    `${host} keeps half of a key. When you have signed in and confirmed, it gives that half to this page, and the ` +
      "message opens here, on your own device.",
    "If you did not expect this message, ask its sender in some other way before you open it.",
  ],

  waitingTitle: "Continue in the other window",
  waitingSteps: (host: string) => [
    `Sign in at ${host}`,
    "Check who sent the message, and confirm",
    "Come back here: the message opens by itself",
  ],
  starting: "Waiting for the sign-in window…",
  signingIn: "The sign-in window is open. Waiting for you to confirm there…",
  showWindow: "Show the window",
  cancel: "Cancel",
  back: "Back",
  tryAgain: "Try again",

  silentTitle: "No answer yet",
  silent: (host: string) =>
    `The sign-in window has not answered. If it shows an error, ${host} cannot be reached at the moment: check your ` +
    "connection, or try again later. If it shows the sign-in page, go on there; it will give you a code for this page.",

  blockedTitle: "The browser blocked the window",
  blocked: (host: string) =>
    `To open the message you sign in at ${host}. Allow windows for this page and try again, or open the address below ` +
    "yourself and bring back the code that it shows.",
  openAddress: "Open the sign-in page",
  copyAddress: "Copy the address",
  copied: "Copied",

  codeTitle: "Enter the code",
  codeHelp: "The sign-in page shows a long code once you have confirmed. Copy all of it and paste it here.",
  codeLabel: "Code from the sign-in page",
  codeOpen: "Open with this code",
  useCode: "The window cannot send it back? Paste its long code here",
  codeEmpty: "Paste the code first.",
  codeMailed:
    "The 8 digits that came by mail belong into the sign-in window. This field is for the long code that it shows.",
  codeWrong:
    "This code does not open this message. Copy the whole code from the sign-in page that this page opened; a code from " +
    "an earlier visit does not work.",

  cancelledTitle: "You cancelled",
  cancelled: "Nothing was opened, and the sender is not told. You can start again at any time.",
  closedTitle: "The sign-in window was closed",
  closed: "The message is still sealed. Start again, or enter the code if the sign-in page gave you one.",

  workingTitle: "Opening the message",
  working: (percent: number) => `Decrypting and checking: ${percent} %`,

  wrongReleaseTitle: "That was for another message",
  wrongRelease:
    "What the sign-in page returned does not belong to this message, or to this visit. The message is still sealed. " +
    "Please start again from here.",

  damagedTitle: "This file is damaged",
  damaged:
    "It is incomplete, was changed on its way, or is not what the sender sealed. For your safety nothing of it is shown.",
  damagedNext: [
    "Save the attachment from the mail once more, and open that copy.",
    "If it stays like this, ask the sender to send the message again.",
  ],

  oldTitle: "This browser cannot open the message",
  old: "It lacks something that is needed to decrypt here. Please use a current version of Firefox, Chrome, Edge or Safari.",

  openedHere: "Opened on this device only; the file itself stays encrypted.",
  openedStatus: (subject: string) => `The message is open: ${subject}`,
  noSubject: "(no subject)",
  verified: (name: string, domain: string) => `Sealed by ${name}, verified for ${domain}`,
  verifiedDetail: (host: string, time: string) =>
    `The signature of ${host}'s record for this organisation fits, and nothing was changed since ${time}.`,
  expires: (time: string) => `Can be opened until ${time}`,
  showHtml: "Formatted",
  showText: "Plain text",
  view: "How to show the message",
  letter: "Message",
  emptyLetter: "This message has no text.",
  noIndex: "This message could not be taken apart safely. Save the original and open it in a mail program.",
  tooLong: "The message is long: only its beginning is shown. Save the original to read all of it.",
  remotePictures: (count: number) =>
    count === 1
      ? "A picture from the internet was left out, so that nobody learns when you read this."
      : `${count} pictures from the internet were left out, so that nobody learns when you read this.`,
  attachments: (count: number) => (count === 1 ? "1 attachment" : `${count} attachments`),
  save: "Save",
  saveNamed: (name: string) => `Save ${name}`,
  saveAll: "Save all",
  saveOriginal: "Save original (.eml)",
  saving: (name: string) => `Saving ${name}`,
  saveFailed: (name: string) => `${name} could not be saved.`,
  careful: "Can run as a program: open it only if you expected it.",
  print: "Print",
  originalName: "message",

  linkTitle: "Leave this message?",
  linkGoes: "This link goes to",
  linkMail: "This link writes a mail to",
  linkCall: "This link calls",
  linkOpen: "Open the link",
  linkDiffers: (shown: string) => `The message shows it as “${shown}”.`,
  copy: "Copy",
} as const;
