import { createStore, type StoreApi } from 'zustand/vanilla'
import type { Parameters } from '../audit/stark/parameters.ts'
import type { RoundShape } from '../audit/training/roundShape.ts'
import {
  type AuditRecord,
  type AuditTerms,
  createAuditRecords,
  readAuditProof,
  readAuditTerms,
} from '../chain/audits.ts'
import { publicClientFor } from '../chain/clients.ts'
import {
  type AuditRules,
  accreditationOf,
  type ChainReader,
  readSnapshot,
  readStudy,
  type StudyInfo,
} from '../chain/reads.ts'
import { manifestName } from '../crypto/cid.ts'
import { AppError, type AppErrorData, isAppError } from '../errors/AppError.ts'
import { timeLimit } from '../errors/timeLimit.ts'
import { Mode, type StudySnapshot } from '../rounds/ports.ts'
import type { Manifest } from '../study/manifest.ts'
import { roundShapeOf } from '../study/proving.ts'
import { type Address, type Hex, sameAddress } from '../study/types.ts'
import type { AuditCase, AuditCheckName, AuditFinding } from './auditCheck.ts'
import { type AuditChecker, createAuditChecker } from './auditWorkerClient.ts'
import { type AuditRow, auditRows, rowId } from './desks/auditsView.ts'
import type { Site } from './site.ts'

/** Why a proof could not be looked at, which says nothing against it. */
export type Unchecked =
  /** The transaction brought it in a way that this page does not know, or its proof came in two parts. */
  | 'elsewhere'
  /** The study names a verifier that is not of this deployment. */
  | 'foreignVerifier'
  /** The account that should hold the rules holds none. */
  | 'noKey'

/** How far the check of one proof is. */
export type AuditProgress =
  | { readonly stage: 'fetching' }
  | { readonly stage: 'checking'; readonly check: AuditCheckName }
  | {
      readonly stage: 'done'
      readonly finding: AuditFinding
      /** The check alone, without fetching. */
      readonly seconds: number
      readonly proofBytes: number
      /** What the chain says was proven. */
      readonly said: AuditCase['said']
      /** What the study's description says; null where it could not be fetched. */
      readonly shape: RoundShape | null
    }
  | { readonly stage: 'unchecked'; readonly why: Unchecked }
  | { readonly stage: 'failed'; readonly error: AppErrorData }

/** What an auditor's page shows. */
export interface AuditorView {
  readonly info: (StudyInfo & { readonly name: string }) | null
  /** False once it is known that the study proves nothing; null before. */
  readonly isProven: boolean | null
  /** How the study audits; null before that was read, and where it does not. */
  readonly rules: AuditRules | null
  readonly members: readonly Address[]
  /** The newest first; null before the first look. */
  readonly rows: readonly AuditRow[] | null
  /** Names by address in lower case. */
  readonly people: Readonly<Record<string, string>>
  /** By rowId. */
  readonly checks: Readonly<Record<string, AuditProgress>>
  /** Why the last look failed. */
  readonly error: AppErrorData | null
}

/** Somebody who looks at a study's audits: anybody, without a wallet. */
export interface AuditorDesk {
  readonly store: StoreApi<AuditorView>
  /** Reads on what the chain holds. What goes wrong is in the view. */
  refresh(): Promise<void>
  /** Checks a proof again, in a worker, from the chain's own bytes. What goes wrong is in the view. */
  verify(row: AuditRow): Promise<void>
  close(): Promise<void>
}

/** Longest that the study's description is waited for, in milliseconds. */
const DESCRIPTION_MS = 20_000

/** @param study any address; what is no study of the deployment is refused when it is read */
export function openAuditorDesk(site: Site, study: Address, checker: AuditChecker = createAuditChecker()): AuditorDesk {
  const reader: ChainReader = { deployment: site, publicClient: publicClientFor(site) }
  const closing = new AbortController()
  const store = createStore<AuditorView>(() => ({
    ...{ info: null, isProven: null, rules: null, members: [], rows: null, people: {}, checks: {}, error: null },
  }))
  const read = createAuditRecords(reader, study)
  let terms: Promise<AuditTerms | null> | undefined
  let shape: Promise<RoundShape | null> | undefined
  let snapshot: StudySnapshot | null = null

  async function look(): Promise<void> {
    terms ??= readAuditTerms(reader, study)
    terms.catch(() => {
      terms = undefined
    })
    const [info, now, known] = await Promise.all([readStudy(reader, study), readSnapshot(reader, study), terms])
    snapshot = now
    const { members } = now
    store.setState({
      info: { ...info, name: manifestName(info.modelURI) ?? '' },
      members,
      isProven: known !== null,
      rules: known?.rules ?? null,
    })
    void meet(members)
    if (known !== null) store.setState({ rows: auditRows(await read(), now) })
  }

  async function meet(members: readonly Address[]): Promise<void> {
    const unknown = members.filter(member => store.getState().people[member.toLowerCase()] === undefined)
    const found = await Promise.all(unknown.map(async member => [member, await nameOf(member)] as const))
    const named = found.flatMap(([member, name]) => (name === '' ? [] : [[member.toLowerCase(), name]]))
    store.setState(({ people }) => ({ people: { ...people, ...Object.fromEntries(named) } }))
  }

  /** Empty where nobody admitted it, or the chain does not say. */
  async function nameOf(member: Address): Promise<string> {
    return accreditationOf(reader, member).then(
      ({ name }) => name,
      () => '',
    )
  }

  function show(row: AuditRow, progress: AuditProgress): void {
    store.setState(({ checks }) => ({ checks: { ...checks, [rowId(row)]: progress } }))
  }

  async function caseOf({ record }: AuditRow): Promise<AuditCase | Unchecked> {
    const [known, given] = await Promise.all([terms, readAuditProof(reader, study, record)])
    const pinned = pinnedOf(snapshot, record)
    if (given === null || given.proof.length === 0 || record.question === null) return 'elsewhere'
    if (!known?.key || pinned === undefined) return 'noKey'
    const parameters = parametersOf(site, known.rules.verifier)
    if (parameters === undefined) return 'foreignVerifier'
    const { key, domainSeparator, rules } = known
    const { steps, inputs, contributions, noised } = rules
    shape ??= describedShape(store.getState().info?.modelURI ?? '')
    return {
      ...given,
      record,
      question: record.question,
      terms: { key, domainSeparator },
      parameters,
      shape: await shape,
      said: { steps, inputs, contributions, noised, blinded: snapshot?.mode === Mode.Masked },
      pinned,
    }
  }

  /** What the study's description says of a round, from the relays; null where none of them answers. */
  async function describedShape(modelURI: string): Promise<RoundShape | null> {
    try {
      const manifest = await fetchDescription(
        site,
        modelURI,
        AbortSignal.any([closing.signal, timeLimit(DESCRIPTION_MS)]),
      )
      return roundShapeOf(manifest)
    } catch (error) {
      // The next check tries again.
      shape = undefined
      console.warn('the study’s description could not be fetched', error)
      return null
    }
  }

  return {
    store,
    async refresh() {
      try {
        await look()
        store.setState({ error: null })
      } catch (error) {
        store.setState({ error: asData(error) })
      }
    },
    async verify(row) {
      show(row, { stage: 'fetching' })
      try {
        const given = await caseOf(row)
        if (typeof given === 'string') {
          show(row, { stage: 'unchecked', why: given })
          return
        }
        const began = performance.now()
        const finding = await checker.check(given, check => show(row, { stage: 'checking', check }))
        const seconds = (performance.now() - began) / 1000
        show(row, {
          stage: 'done',
          finding,
          seconds,
          proofBytes: given.proof.length,
          said: given.said,
          shape: given.shape,
        })
      } catch (error) {
        show(row, { stage: 'failed', error: asData(error) })
      }
    },
    async close() {
      closing.abort(new DOMException('the page was closed', 'AbortError'))
      checker.close()
    },
  }
}

/** A node that keeps nothing, for one fetch. */
async function fetchDescription(site: Site, modelURI: string, signal: AbortSignal): Promise<Manifest> {
  const [{ createHeliaStore }, { fetchManifest }] = await Promise.all([
    import('../storage/heliaStore.ts'),
    import('./sponsorStudy.ts'),
  ])
  const namespace = `auditor-${crypto.randomUUID()}`
  const node = await createHeliaStore({ namespace, relays: site.relays, storage: 'memory', signal })
  try {
    return await fetchManifest(node, modelURI, signal)
  } finally {
    await node.close()
  }
}

function parametersOf({ verifiers }: Site, address: Address): Parameters | undefined {
  return verifiers.find(verifier => sameAddress(verifier.address, address))
}

function pinnedOf(snapshot: StudySnapshot | null, { hospital }: AuditRecord): Hex | undefined {
  const index = snapshot?.members.findIndex(member => sameAddress(member, hospital)) ?? -1
  return snapshot?.data[index]
}

function asData(error: unknown): AppErrorData {
  if (isAppError(error)) return error.toData()
  console.error(error)
  return new AppError('app.bug', { reason: error instanceof Error ? error.message : String(error) }, error).toData()
}
