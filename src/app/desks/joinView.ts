import type { AppErrorData } from '../../errors/AppError.ts'
import type { StudySnapshot } from '../../rounds/ports.ts'
import type { Address } from '../../study/types.ts'
import type { CsvCheck, DeviceCheck, ShippedPreview } from '../../training/screen.ts'

/** What the way in is busy with, where that can take longer than a moment. */
export type JoinBusy =
  | 'takingOver'
  | 'reading'
  | 'loading'
  | 'measuring'
  | 'redeeming'
  /** The stake's transaction: checked, in the wallet, or on its way. */
  | 'entering'

/** A hospital whose patients this page ships. */
export interface ShippedChoice {
  /** From 0. */
  readonly index: number
  readonly name: string
}

/** Room in this browser, in bytes. `free` is null where the browser does not say. */
export interface Room {
  readonly needed: number
  readonly free: number | null
}

/** What somebody should know before saying yes. Amounts in the smallest unit of credit (18 decimals) and in wei. */
export interface JoinTerms {
  readonly sponsor: Address
  readonly stake: bigint
  /** Part of the stake that one fault costs, in basis points. */
  readonly slashBps: number
  /** What the sponsor's deposit gives for each round that is left, shared by all who helped. */
  readonly rewardPerRound: bigint
  readonly rounds: number
  readonly minHospitals: number
  readonly maxHospitals: number
  /** Longest a round can take, and the time to train and send in it. */
  readonly roundSeconds: number
  readonly trainSeconds: number
  /** What is in this wallet. */
  readonly credits: bigint
  readonly gas: bigint
  /** About what the transactions of the whole study cost, at the price of now. */
  readonly gasNeeded: bigint
  /** Whether an issuer has admitted this wallet, and under which name. */
  /** How hospitals prove their training; null where nobody does. */
  readonly audits: {
    /** Parts in basis points: of the hospitals that a round draws, and of the stake that a failed audit costs. */
    readonly hospitalsBps: number
    readonly slashBps: number
    /** To prove in, once drawn. */
    readonly auditSeconds: number
  } | null
  readonly isAdmitted: boolean
  readonly name: string
}

/** An invitation that came with the link. */
export interface InvitationView {
  /** What the hospital will be called. */
  readonly name: string
  /** Unix seconds. */
  readonly expires: number
  /** Why it cannot be used; null where nothing stands against it. */
  readonly problem: 'foreign' | 'expired' | 'revoked' | 'used' | 'badSignature' | 'notEnough' | null
  readonly isRedeemed: boolean
}

/** How far the way into the study is. Kept over a reload, but for the file: a page may not keep that. */
export interface JoinView {
  readonly busy: JoinBusy | null
  /** Where this hospital is open elsewhere in this browser. handedOver: another tab took it from this one. */
  readonly tab: 'elsewhere' | 'silent' | 'handedOver' | null
  /** Hospitals whose patients may be chosen; empty where there are own files only. */
  readonly shipped: readonly ShippedChoice[]
  /** Whether a file of one's own can be read into this study. */
  readonly takesFiles: boolean
  readonly chosen: 'shipped' | 'csv' | null
  readonly shippedIndex: number | null
  readonly preview: ShippedPreview | null
  /** The file that was chosen, against the study's columns. For this screen only. */
  readonly check: CsvCheck | null
  readonly leaveOutBadRows: boolean
  /** The file of last time, which has to be chosen again. */
  readonly rememberedFile: string | null
  /** This hospital is in the study with other patients than those just chosen. */
  readonly hasOtherPatients: boolean
  readonly device: DeviceCheck | null
  readonly room: Room | null
  readonly terms: JoinTerms | null
  /** The study as it stands, while somebody thinks about joining. */
  readonly snapshot: StudySnapshot | null
  readonly invitation: InvitationView | null
  /** The person declined in the wallet: nothing was sent. */
  readonly hasDeclined: boolean
  /** What stands in the way; the person is where they were. */
  readonly error: AppErrorData | null
}

export const initialJoinView: JoinView = {
  busy: null,
  tab: null,
  shipped: [],
  takesFiles: true,
  chosen: null,
  shippedIndex: null,
  preview: null,
  check: null,
  leaveOutBadRows: false,
  rememberedFile: null,
  hasOtherPatients: false,
  device: null,
  room: null,
  terms: null,
  snapshot: null,
  invitation: null,
  hasDeclined: false,
  error: null,
}

/** Whether a file as it was checked can be loaded. */
export function isUsable({ check, leaveOutBadRows }: Pick<JoinView, 'check' | 'leaveOutBadRows'>): boolean {
  if (check === null || check.refusal !== null || check.unmapped.length > 0) return false
  return check.bad === 0 || leaveOutBadRows
}

/** Why this computer should think twice: it would miss deadlines, or has no room. */
export function concernsOf({ device, room, terms }: Pick<JoinView, 'device' | 'room' | 'terms'>): ('slow' | 'room')[] {
  const isSlow = device !== null && terms !== null && device.secondsPerRound > terms.trainSeconds * TRAIN_SHARE
  const isTight = room !== null && room.free !== null && room.free < room.needed
  return [...(isSlow ? (['slow'] as const) : []), ...(isTight ? (['room'] as const) : [])]
}

/** Sealing and sending need the rest. */
const TRAIN_SHARE = 0.7
