import {
  type Abi,
  AbiDecodingZeroDataError,
  BaseError,
  ChainMismatchError,
  type ContractErrorArgs,
  type ContractErrorName,
  ContractFunctionRevertedError,
  ContractFunctionZeroDataError,
  decodeErrorResult,
  ExecutionRevertedError,
  formatUnits,
  HttpRequestError,
  InsufficientFundsError,
  isHex,
  TimeoutError,
  UserRejectedRequestError,
  WebSocketRequestError,
} from 'viem'
import { AppError } from '../errors/AppError.ts'
import { Mode } from '../rounds/ports.ts'
import type { Hex } from '../study/types.ts'
import {
  creditsAbi,
  gasPotAbi,
  hospitalRegistryAbi,
  modelRegistryAbi,
  reputationAbi,
  starkVerifierAbi,
  studyAbi,
  studyFactoryAbi,
} from './generated/abi.ts'

const everyAbi = [
  ...studyAbi,
  ...studyFactoryAbi,
  ...hospitalRegistryAbi,
  ...reputationAbi,
  ...modelRegistryAbi,
  ...creditsAbi,
  ...gasPotAbi,
  ...starkVerifierAbi,
] as const

type EveryAbi = typeof everyAbi
export type ErrorName = ContractErrorName<EveryAbi>
type Sentence<Name extends ErrorName> =
  | string
  | ((...args: Extract<ContractErrorArgs<EveryAbi, Name>, readonly unknown[]>) => string)

/** Why proofs are refused, in the contract's order. */
const refusals = [
  'it is about something else',
  'it is damaged',
  'the equations do not hold',
  'work is missing',
  'an opening is not what was committed to',
  'a step of the proof does not follow from the one before',
  'its end does not follow from the rest',
]

/** What can be wrong with an answer to an audit, by the contract's words. */
const answerParts: Readonly<Record<string, string>> = {
  data: 'its data is not what the hospital registered',
  trace: 'it is not about the training that was submitted',
  start: 'it starts from another number of weights than the model has',
  phi: 'it speaks of masks where there are none',
  products: 'it holds another number of products than the round takes',
}

/** What a person reads for every custom error of every contract; the type refuses to compile when one is missing. */
const sentences: { readonly [Name in ErrorName]: Sentence<Name> } = {
  Study_NotSponsor: 'only the sponsor of this study may do that.',
  Study_WrongPhase: phase => `the study is past that step; it is now in the phase “${phaseNames[phase] ?? phase}”.`,
  Study_WrongRound: (given, current) => `that was for round ${given}; the study is in round ${current} now.`,
  Study_BadRules: reason => `the rules of the study do not fit together: ${reason}.`,
  Study_DepositTooSmall: (given, needed) =>
    `the deposit of ${credits(given)} is too small; this study needs at least ${credits(needed)}.`,
  Study_WrongStake: (given, needed) =>
    `this study asks for a stake of exactly ${credits(needed)}; ${credits(given)} were offered.`,
  Study_TooFewHospitals: (active, needed) =>
    `only ${active} hospitals have joined; the study can start with ${needed}. Wait for more to join.`,
  Study_AlreadyJoined: 'this hospital has joined the study already.',
  Study_NotMember: 'this account is not a member of the study. Join it first.',
  Study_NotVetoable: (_round, first, last) =>
    `a round can be sat out until it begins, and at most 100 rounds ahead: now the rounds ${first} to ${last}.`,
  Study_NotParticipant: 'this hospital does not take part in this round. It can in the next one.',
  Study_NotSeat: 'this hospital does not sit on the committee of this round.',
  Study_Full: most => `the study is full: ${most} hospitals have joined.`,
  Study_AlreadySubmitted: 'this hospital has submitted its update of this round already.',
  Study_EmptyUpdate: 'an update cannot be empty.',
  Study_AlreadyDone: 'this hospital has done that in this round already.',
  Study_BadSignature:
    'the signature is not by the duty key that this hospital registered. Was the study joined from another browser?',
  Study_NotSubmitted: 'it names an update that nobody submitted.',
  Study_WrongReveal: 'this is not what was committed to.',
  Study_WrongLength: (given, expected) => `${given} scores were given; this study has ${expected} members.`,
  Study_TooEarly: deadline => `it is too early; the deadline is ${time(deadline)}.`,
  Study_Late: deadline => `it is too late; the deadline was ${time(deadline)}.`,
  Study_NothingToAdvance: 'there is nothing to move on: this phase has no deadline, or has passed already.',
  Study_NothingToWithdraw: 'there is nothing to withdraw yet. The stake is paid out after the study ends.',
  Study_OnlyCredits: 'only credits of this deployment can be sent to a study.',
  Study_WrongMode: mode =>
    mode === Mode.Masked
      ? 'updates of this study are masked; that step belongs to studies without masks.'
      : 'updates of this study are not masked; that step belongs to studies with masks.',
  Study_NoMasks: 'this hospital posted no masks in this round, so it has no products to post.',
  Study_WrongSigning: isScored =>
    isScored
      ? 'the model of this round is signed together with scores.'
      : 'the model of this round is signed without scores.',
  Study_BadWeight: weight => `a hospital’s patients weigh 1 to 8 in the sum, not ${weight}.`,
  Study_DrawPending: block => `the block that draws who is checked is not there yet; it is block ${block}.`,
  Study_WrongProving: isProven =>
    isProven
      ? 'training in this study is proven; that step belongs to studies without proofs.'
      : 'training in this study is not proven; that step belongs to studies with proofs.',
  Study_RevealPending: block => `the random numbers of the hospitals are taken after block ${block}.`,
  Study_SeedKnown: 'the hash that this round is drawn from is kept already.',
  Study_NotDrawn: 'this hospital was not drawn to prove its training in this round.',
  Study_BadAnswer: part => `the answer to the audit does not fit: ${answerParts[part] ?? part}.`,
  Study_NotProven: 'nobody has proven that to the verifier yet.',
  Study_BadIntent: 'credits were sent to the study without saying what for.',
  HospitalRegistry_NotIssuer: 'only an issuer may admit or suspend hospitals and revoke invitations.',
  HospitalRegistry_BadIssuer: 'that account cannot be an issuer.',
  HospitalRegistry_TooManyIssuers: most => `there can be at most ${most} issuers. Remove one first.`,
  HospitalRegistry_BadThreshold: (threshold, issuers) =>
    `${threshold} of ${issuers} issuers cannot be asked to agree. Name more issuers, or ask for fewer votes.`,
  HospitalRegistry_VotedAlready: 'this issuer has voted for that already. It waits for the other issuers.',
  HospitalRegistry_NotVoted: 'this issuer has no vote there to take back.',
  HospitalRegistry_NotAccredited: 'this hospital is not accredited. Ask an issuer to accredit it first.',
  HospitalRegistry_AlreadyAccredited: 'this hospital is accredited already.',
  HospitalRegistry_Suspended: 'this hospital is suspended. Ask an issuer why.',
  HospitalRegistry_NotSuspended: 'this hospital is not suspended.',
  HospitalRegistry_BadHospital: 'that address cannot be a hospital’s wallet.',
  HospitalRegistry_BadReason: 'the reason is too long. Say it in fewer words.',
  HospitalRegistry_InvitationExpired: expires =>
    `the invitation was good until ${time(expires)}. Ask whoever sent it for a new one.`,
  HospitalRegistry_InvitationUsed: 'the invitation was used already. It is good for one hospital only.',
  HospitalRegistry_InvitationRevoked: 'an issuer has revoked the invitation. Ask whoever sent it why.',
  HospitalRegistry_BadInvitationKey:
    'the invitation’s own signature does not fit. Open the link again, as it was sent.',
  HospitalRegistry_TooManySignatures: (_given, most) =>
    `the invitation holds more than ${most} signatures; there are not as many issuers.`,
  HospitalRegistry_TooFewSignatures: (valid, needed) =>
    `the invitation needs the signatures of ${needed} issuers; ${valid} are good. Ask whoever sent it for the others.`,
  HospitalRegistry_BadName: 'a hospital’s name must not be empty or longer than the registry allows.',
  HospitalRegistry_BadDutyKey: 'the duty key is not a point of the curve P-256. Make new keys and try again.',
  HospitalRegistry_BadEncryptionKey: 'the encryption key is not a P-256 key. Make new keys and try again.',
  HospitalRegistry_BadPeerId: 'the storage node’s peer id is missing or too long.',
  HospitalRegistry_PeerIdTaken: 'another hospital of this study has registered this storage node. Each needs its own.',
  GasPot_NotStudy: 'there is no study of this deployment at that address.',
  GasPot_NothingToCarry: 'there is nothing to carry to the study.',
  GasPot_NotCarried: 'only what seats and hospitals sign with their study’s key is carried for others.',
  GasPot_NotSponsor: 'only the sponsor of the study may take its gas money back.',
  GasPot_StudyRuns: 'the gas money can be taken back once the study has ended.',
  GasPot_Empty: 'there is no gas money left to take back.',
  GasPot_PaymentRefused: 'the account refused the payment. Is it a contract that takes no ether?',
  ReentrancyGuardReentrantCall: 'the contract is busy with the same call.',
  Reputation_NotStudy: 'only a study of this deployment may change a reputation.',
  ModelRegistry_NotStudy: 'only a study of this deployment may register a model.',
  ModelRegistry_NotSponsor: 'only the sponsor of the study may roll its model back.',
  ModelRegistry_NoSuchVersion: version => `the model has no version ${version}.`,
  Stark_Refused: refusal => `the proof does not show what it should (${refusals[refusal] ?? refusal}).`,
  Air_BadKey: account => `the account ${account} describes nothing that could be proven.`,
  StarkKeys_NoKey: account => `the account ${account} holds no description of what is proven.`,
  StarkVerifier_BadParameters: 'a verifier needs at least one query and a rate below 1.',
  StarkVerifier_NotStarted: 'no proof was begun that this is the rest of.',
  OwnableUnauthorizedAccount: 'only the owner of the deployment may do that.',
  OwnableInvalidOwner: 'that account cannot own the contract.',
  ERC20InsufficientBalance: (_account, balance, needed) =>
    `the account holds ${credits(balance)}; ${credits(needed)} are needed.`,
  ERC20InsufficientAllowance: (_spender, allowance, needed) =>
    `${credits(allowance)} were approved; ${credits(needed)} are needed.`,
  ERC20InvalidApprover: 'credits cannot be approved by the zero address.',
  ERC20InvalidReceiver: 'credits cannot be sent to the zero address.',
  ERC20InvalidSender: 'credits cannot come from the zero address.',
  ERC20InvalidSpender: 'credits cannot be spent by the zero address.',
  ERC1363ApproveFailed: 'the credits could not be approved.',
  ERC1363InvalidReceiver: 'the receiver of the credits does not take them with a call.',
  ERC1363InvalidSpender: 'the spender of the credits does not take an approval with a call.',
  ERC1363TransferFailed: 'the credits could not be sent.',
  ERC1363TransferFromFailed: 'the credits could not be sent from that account.',
  ERC2612ExpiredSignature: 'the permission to spend credits has expired. Sign a new one.',
  ERC2612InvalidSigner: 'the permission to spend credits was signed by somebody else.',
  InvalidAccountNonce: 'the permission to spend credits was used already. Sign a new one.',
  ECDSAInvalidSignature: 'the signature is not valid.',
  ECDSAInvalidSignatureLength: 'the signature has a wrong length.',
  ECDSAInvalidSignatureS: 'the signature is not in its canonical form.',
  AddressEmptyCode: 'there is no contract at the address that was called.',
  FailedCall: 'one of several calls in one transaction failed.',
  FailedDeployment: 'the study’s contract could not be made.',
  InsufficientBalance: 'the contract’s own account holds too little.',
  SafeERC20FailedOperation: 'the credits could not be moved.',
  InvalidShortString: 'the contract holds a text that it cannot read.',
  StringTooLong: 'a text is too long for the contract.',
}

/** IStudy.Phase, for people. */
const phaseNames: Record<number, string> = {
  0: 'draft',
  1: 'open for hospitals',
  2: 'selection',
  3: 'training',
  4: 'audit',
  5: 'opening updates',
  6: 'scoring',
  7: 'averaging',
  8: 'evaluation',
  9: 'pause between rounds',
  10: 'ended',
  11: 'taking the masks off',
  12: 'drawing who is checked',
  13: 'opening what the check takes',
  14: 'revealing random numbers',
}

/**
 * The one place that turns what viem, wallets and RPCs throw into what a person reads.
 * An AppError passes through.
 * @param url of the RPC, for chain.unreachable
 * @returns chain.rejected, chain.wrongChain, chain.insufficientFunds, chain.unreachable, chain.reverted (its details hold
 * the custom error's name as `error`), chain.walletBusy, chain.walletFailed, or app.bug for what neither a wallet nor an RPC
 * throws
 */
export function toAppError(error: unknown, url: string): AppError {
  if (error instanceof AppError) return error
  const causes = chainOfCauses(error)
  const find = (predicate: (cause: unknown) => boolean) => causes.find(predicate)
  const own = find(cause => cause instanceof AppError)
  if (own instanceof AppError) return own
  if (find(cause => cause instanceof UserRejectedRequestError || REJECTED.has(codeOf(cause)))) {
    return new AppError('chain.rejected', {}, error)
  }
  const mismatch = find(cause => cause instanceof ChainMismatchError)
  if (mismatch instanceof ChainMismatchError) {
    const [actual = '?', expected = '?'] = mismatch.message.match(/\d+/g) ?? []
    return new AppError('chain.wrongChain', { actual, expected }, error)
  }
  const data = revertData(error)
  if (data !== undefined) {
    const revert = decodeRevert(data)
    return new AppError('chain.reverted', { reason: revert.sentence, error: revert.name }, error)
  }
  if (find(cause => cause instanceof InsufficientFundsError || /insufficient funds/i.test(messageOf(cause)))) {
    return new AppError('chain.insufficientFunds', {}, error)
  }
  if (isUnreachable(error)) return new AppError('chain.unreachable', { url }, error)
  if (find(isRefusal)) return new AppError('chain.reverted', { reason: reasonOf(error), error: '' }, error)
  if (find(cause => codeOf(cause) === PROMPT_OPEN)) return new AppError('chain.walletBusy', {}, error)
  const isTheirs = find(cause => cause instanceof BaseError || ['number', 'string'].includes(typeof codeOf(cause)))
  return new AppError(isTheirs ? 'chain.walletFailed' : 'app.bug', { reason: reasonOf(error) }, error)
}

/** Whether a contract said no without giving its reason as data, or is not there at all. */
function isRefusal(cause: unknown): boolean {
  return (
    cause instanceof ExecutionRevertedError ||
    cause instanceof ContractFunctionRevertedError ||
    cause instanceof ContractFunctionZeroDataError ||
    cause instanceof AbiDecodingZeroDataError ||
    codeOf(cause) === ExecutionRevertedError.code ||
    /execution reverted/i.test(messageOf(cause))
  )
}

/** The innermost words of a wallet or an RPC: the outer ones are the library's, with the whole request in them. */
function reasonOf(error: unknown): string {
  const inner = chainOfCauses(error).findLast(cause => cause instanceof Error || typeof cause === 'object')
  const message = inner instanceof BaseError ? inner.details || inner.shortMessage : messageOf(inner ?? error)
  // A sentence of ours goes on after it.
  return (message.split('\n')[0] ?? '').trim().replace(/\.$/, '')
}

/** Whether an error says that the RPC could not be reached or refused to serve, so that trying again may help. */
export function isUnreachable(error: unknown): boolean {
  return chainOfCauses(error).some(
    cause =>
      (cause instanceof AppError && cause.code === 'chain.unreachable') ||
      cause instanceof HttpRequestError ||
      cause instanceof TimeoutError ||
      cause instanceof WebSocketRequestError ||
      RATE_LIMITED.has(codeOf(cause)),
  )
}

/** What a contract answered when it refused, by the chain of causes; undefined when no contract refused. */
export function revertData(error: unknown): Hex | undefined {
  for (const cause of chainOfCauses(error)) {
    if (typeof cause !== 'object' || cause === null || !('data' in cause)) continue
    const { data } = cause
    if (isHex(data)) return data
    if (typeof data === 'object' && data !== null && 'data' in data && isHex(data.data)) return data.data
  }
  return undefined
}

/** The custom error's name (or Error, Panic, or nothing) and the sentence for it. */
export function decodeRevert(data: Hex): { readonly name: string; readonly sentence: string } {
  const decoded = tryDecode(data)
  if (decoded === undefined) {
    return {
      name: '',
      sentence: data === '0x' ? 'it gave no reason.' : `its answer is not known here (${data.slice(0, 10)}).`,
    }
  }
  const { errorName, args } = decoded
  if (errorName === 'Error') return { name: errorName, sentence: String(args?.[0]) }
  const sentence = (sentences as Readonly<Record<string, string | ((...args: never[]) => string)>>)[errorName]
  if (sentence === undefined) return { name: errorName, sentence: `it failed inside (${errorName}).` }
  return { name: errorName, sentence: typeof sentence === 'string' ? sentence : sentence(...((args ?? []) as never[])) }
}

/** Names of every custom error that has a sentence. */
export const errorNames = Object.keys(sentences) as readonly ErrorName[]

/** 4001: EIP-1193; 5000: CAIP-25; the word: some wallets' own. */
const REJECTED: ReadonlySet<unknown> = new Set([4001, 5000, 'ACTION_REJECTED'])
/** EIP-1474's "resource unavailable": the wallet shows a request that nobody has answered yet. */
const PROMPT_OPEN = -32002
/** JSON-RPC codes of providers that are asked too often. */
const RATE_LIMITED: ReadonlySet<unknown> = new Set([-32005, -32007, 429])

function tryDecode(data: Hex): { errorName: string; args: readonly unknown[] | undefined } | undefined {
  try {
    return decodeErrorResult({ abi: everyAbi as Abi, data })
  } catch {
    // Not one of our errors: the caller says so.
    return undefined
  }
}

function chainOfCauses(error: unknown): unknown[] {
  const causes: unknown[] = []
  let cause = error
  while (cause !== undefined && cause !== null && causes.length < 20) {
    causes.push(cause)
    cause = typeof cause === 'object' && 'cause' in cause ? cause.cause : undefined
  }
  return causes
}

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
}

function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message
  // Wallets throw plain objects, too.
  if (typeof error === 'object' && error !== null && 'message' in error) return String(error.message)
  return String(error)
}

function credits(amount: bigint): string {
  return `${formatUnits(amount, 18)} credits`
}

function time(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace('.000Z', ' UTC').replace('T', ' ')
}
