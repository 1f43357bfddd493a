import type { InvitationCheck } from '../../app/invitation.ts'
import type { MotionKind } from '../../chain/admission.ts'

const plural = (count: number, one: string, many: string) => `${count} ${count === 1 ? one : many}`

/** The page of the issuers, who admit hospitals. */
export const issuersTexts = {
  heading: 'Who may take part?',
  notIssuer: 'This account is not an issuer: you can look, not act.',
  loading: 'Reading who is admitted…',

  rule: {
    heading: 'Who decides?',
    answer: (needed: number, all: number) =>
      all === 1
        ? 'One issuer admits, suspends and readmits hospitals.'
        : needed === 1
          ? `Any one of ${plural(all, 'issuer', 'issuers')} admits, suspends and readmits hospitals.`
          : `${needed} of ${plural(all, 'issuer', 'issuers')} must agree to admit, suspend or readmit a hospital.`,
    issuers: 'Issuers',
    you: 'you',
  },

  hospitals: {
    heading: 'Which hospitals are admitted?',
    none: 'None yet. Admit one below, or invite one.',
    count: (active: number, all: number) =>
      active === all
        ? `${plural(all, 'hospital', 'hospitals')}.`
        : `${active} of ${plural(all, 'hospital', 'hospitals')} may take part.`,
    caption: 'Admitted hospitals',
    hospital: 'Hospital',
    account: 'Account',
    status: 'Status',
    act: 'What you can do',
    active: 'may take part',
    suspended: (reason: string) => `suspended: ${reason}`,
    suspend: 'Suspend…',
    suspendLabel: (name: string) => `Suspend ${name}`,
    suspendQuestion: (name: string) => `Suspend ${name}?`,
    suspendExplains: 'It is left out of the next round of every study and can join no other. Its stake stays its own.',
    reason: 'Why',
    reasonHint: 'Public. Other issuers vote for the same words.',
    reasonMissing: 'Say why.',
    suspendYes: 'Suspend',
    no: 'Leave it as it is',
    reinstate: 'Readmit',
    reinstateLabel: (name: string) => `Readmit ${name}`,
  },

  motions: {
    heading: 'What is being decided?',
    answer: 'Each waits for more votes. A vote can be taken back until the last one is in.',
    what: (kind: MotionKind, name: string, text: string) =>
      ({
        accredit: `Admit “${text}”`,
        suspend: `Suspend ${name}: ${text}`,
        reinstate: `Readmit ${name}`,
      })[kind],
    votes: (count: number, needed: number) => `${count} of ${needed}`,
    vote: 'Vote for it',
    voteLabel: (what: string) => `Vote for: ${what}`,
    withdraw: 'Take my vote back',
    withdrawLabel: (what: string) => `Take my vote back: ${what}`,
    mine: 'you voted for it',
  },

  admit: {
    heading: 'How do I admit a hospital whose account I know?',
    answer: 'You have checked who it is. The name is public and cannot be changed later.',
    address: 'Account',
    addressHint: '0x and 40 digits',
    badAddress: 'That is not an account: 0x and 40 digits of 0 to 9 and a to f.',
    name: 'Name of the hospital',
    badName: 'A name of 1 to 64 letters.',
    known: 'This account is admitted already.',
    yes: 'Admit',
    vote: 'Vote to admit',
    done: (name: string) => `${name} is admitted.`,
    voted: (votes: number, needed: number) => `Your vote counts: ${votes} of ${needed}.`,
  },

  invite: {
    heading: 'How do I invite a hospital without an account?',
    answer:
      'Make a link. Whoever opens it is admitted under the name you give, with credits for the stake and the first gas.',
    warning: 'Whoever holds this link can use it once. Send it only to the person it is meant for.',
    name: 'Name of the hospital',
    study: 'Study',
    noStudy: 'No study is open. Create one first.',
    valid: 'Holds for',
    validities: { day: '1 day', week: '1 week', month: '30 days' },
    stake: 'Credits for the stake',
    stakeHint: (stake: string) => `This study asks for ${stake}.`,
    gas: 'Gas money, in ETH',
    gasHint: 'For joining and a few rounds. What is left stays with the hospital.',
    tooMuch: (credits: string, ether: string) => `You have ${credits} and ${ether}.`,
    badAmount: 'A number from 0.',
    make: 'Make the invitation',
    steps: {
      sign: 'Your wallet asks you to sign the invitation…',
      fund: 'Your wallet asks you to fund it…',
    },
    linkFor: (name: string) => `Invitation for ${name}`,
    ready: 'The link is ready.',
    unfinished: (missing: number) =>
      `${plural(missing, 'more issuer', 'more issuers')} must sign. Send this link to the next one; it is not yet an invitation.`,
    copy: 'Copy the link',
    copied: 'Copied',
    mail: 'Write an e-mail',
    mailSubject: 'Your invitation to Wardround',
    mailBody: (name: string, link: string) =>
      `This link admits “${name}” and can be used once:\n${link}\n\nOpen it on the computer that holds your patients’ file. Their data stays on that computer.`,
    mailSubjectIssuer: (name: string) => `Please sign the invitation of ${name}`,
    mailBodyIssuer: (name: string, link: string) =>
      `I have signed an invitation for “${name}”. It needs another issuer:\n${link}\n\nSend this only to an issuer: whoever holds the finished link can use it once.`,
    until: (time: string) => `Holds until ${time}.`,
  },

  own: {
    heading: 'What became of my invitations?',
    answer: 'Those that you made in this browser. Their keys are kept here, sealed.',
    status: {
      open: 'not used yet',
      expired: 'expired',
      redeemed: 'used',
      revoked: 'revoked',
    },
    show: 'Show the link',
    showLabel: (name: string) => `Show the link of ${name}`,
    hide: 'Hide the link',
    revoke: 'Revoke and take back',
    revokeLabel: (name: string) => `Revoke the invitation of ${name} and take back what it holds`,
    takeBack: 'Take back what it holds',
    forget: 'Remove from this list',
    forgetLabel: (name: string) => `Remove the invitation of ${name} from this list`,
  },

  coSign: {
    heading: 'Will you sign this invitation?',
    answer: (name: string) => `Another issuer asks you to admit “${name}”.`,
    name: 'Admitted as',
    until: 'Holds until',
    signed: 'Signed by',
    signatures: (count: number, needed: number) => `${count} of ${needed}`,
    nobody: 'nobody yet',
    sign: 'Sign',
    warning: 'Sign only if you know who will get the link: whoever holds it can use it once.',
    already: 'You have signed it already.',
    complete: 'It has all signatures it needs. Send the link to the hospital.',
    elsewhere: 'Connect the account of an issuer to sign.',
  },

  problems: {
    foreign: 'This invitation is for another Wardround, on another chain.',
    expired: 'This invitation has expired.',
    revoked: 'This invitation was revoked.',
    used: 'This invitation was used already.',
    badSignature:
      'A signature on this invitation is not by one of today’s issuers: the name or the date was changed, or an issuer was removed. Do not sign it; ask for a new one.',
  } satisfies Record<NonNullable<InvitationCheck['problem']>, string>,
} as const
