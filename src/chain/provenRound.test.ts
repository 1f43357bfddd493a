import { hexToBytes, toHex } from 'viem'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { revealCommitment } from '../audit/game/beacon.ts'
import { gammasOf, orderOf, signsOf } from '../audit/game/roundDraws.ts'
import { commitOracle, type ExternalOracle } from '../audit/stark/commitment.ts'
import { inputsWithPins } from '../audit/stark/pins.ts'
import { prove } from '../audit/stark/prove.ts'
import { fieldFor, tinyParameters } from '../audit/stark/testing.ts'
import { verify } from '../audit/stark/verify.ts'
import { exactRound, roundCase, smallShape } from '../audit/training/roundTesting.ts'
import { afterColumns, dataColumns, roundWitness } from '../audit/training/roundTrace.ts'
import type { RoundPlan } from '../audit/training/roundTraining.ts'
import {
  contextOf,
  dataLeaf,
  elementsOf,
  phiOf,
  type RoundContext,
  roundInputs,
  traceOf,
} from '../audit/training/statement.ts'
import { studyDomain } from '../crypto/duty.ts'
import { isAppError } from '../errors/AppError.ts'
import { toSigned } from '../field/goldilocks.ts'
import { type AuditAnswer, type AuditQuestion, type ChainPort, Mode } from '../rounds/ports.ts'
import type { Address, Hex } from '../study/types.ts'
import { createAuditRecords, readAuditProof, readAuditTerms } from './audits.ts'
import { deployKey } from './proofKeys.ts'
import { readSnapshot } from './reads.ts'
import { startTask } from './sponsor.ts'
import { openStudy, startTestChain, type TestChain, type TestMember } from './testing/chain.ts'
import { deployVerifier } from './testing/verifier.ts'

const word = (...parts: number[]): Hex => `0x${Buffer.from(parts).toString('hex').padStart(64, '0')}`
const maskKey = new Uint8Array(32).fill(5)
const ROUND = 1
/** The one that proves; the others submit what nobody looks at. */
const PROVER = 1

let chain: TestChain
let verifier: Address
beforeAll(async () => {
  chain = await startTestChain(3, { port: 9170 })
  verifier = await deployVerifier(chain.access(0), tinyParameters)
}, 60_000)
afterAll(() => chain?.stop())

/** Where the same round could have been, and been proven. */
function elsewhere({ ref, self }: ChainPort): Partial<RoundContext>[] {
  return [
    { domainSeparator: studyDomain({ ...ref, chainId: ref.chainId + 1 }) },
    { domainSeparator: studyDomain({ ...ref, study: self }) },
    { hospital: ref.study },
    { round: ROUND + 1 },
    { contribution: 1 },
    { products: [9n] },
  ]
}

describe.each([
  ['a committee’s study', {}, {}],
  ['a masked study', { blinded: true }, { mode: Mode.Masked, minHospitals: 3, clip: 32, fractionBits: 32 }],
] as const)('a real round of %s', (_, changes, rules) => {
  const shape = smallShape({ noise: { bits: 30, squaredNorm: 2 ** 26 }, ...changes })

  test('is proven to the contract, and checked again by whoever reads the chain', async () => {
    const { round, start, data, blinds } = roundCase(shape)
    const { air } = round
    const { inputs, steps, contributions, blinded } = shape
    const { study, members } = await openStudy(
      chain,
      3,
      rules,
      {},
      {
        ...{ verifier, key: await deployKey(chain.access(1), air.key), hospitalsBps: 10_000, slashBps: 2000 },
        ...{ steps, inputs, contributions, noised: true, revealSeconds: 600, auditSeconds: 600 },
      },
    )
    const field = await fieldFor(air)
    const { port } = members[PROVER] as TestMember
    const snapshot = () => readSnapshot(chain.access(1), study)
    const planOf = ({ draw }: AuditQuestion): RoundPlan => {
      const seed = hexToBytes(draw.seed)
      return {
        order: orderOf(seed, draw.member, steps),
        signs: signsOf(seed, draw.member, steps),
        contribution: draw.contribution,
      }
    }

    const committed = await commitOracle(field, air, 'data', dataColumns(round, data), { maskKey })
    for (const [i, { port, signer }] of members.entries()) {
      const leaf = i === PROVER ? dataLeaf(committed.root, committed.pin!) : word(7, i)
      const duty = { hospital: port.self, data: leaf }
      await port.prepare({ data: leaf, signature: await signer.preparation(port.ref, duty) })
    }
    await startTask(chain.access(1), study)

    const draw = { seed: (await snapshot()).roundSeed, member: PROVER, contribution: 0 }
    const plan = planOf({ draw, beacon: word() })
    const weights = exactRound(shape, start, data, plan)
    const after = await commitOracle(field, air, 'after', afterColumns(round, weights, blinds), { maskKey })
    const where = { chainId: chain.anvil.chainId, contract: study, study, round: ROUND }
    for (const [i, { port }] of members.entries()) {
      await port.submitUpdate({
        ...{ round: ROUND, update: word(1, i), commitment: word(2, i), ...(blinded && { patientWeight: 1 }) },
        proven: {
          trace: i === PROVER ? traceOf(after.root, start) : word(8, i),
          promise: toHex(revealCommitment(where, port.self, hexToBytes(word(9, i)))),
        },
      })
    }
    await chain.anvil.rpc('anvil_mine', ['0x9'])
    for (const [i, { port }] of members.entries()) await port.reveal({ round: ROUND, secret: word(9, i) })

    const question = { draw, beacon: (await snapshot()).beacon }
    const gammas = gammasOf(hexToBytes(question.beacon), PROVER)
    const phi = blinded ? phiOf(gammas, weights, blinds) : ([0n, 0n] as const)
    const answer: AuditAnswer = {
      ...{ data: toHex(committed.root), pin: [...committed.pin!] as [bigint, bigint], afterRoot: toHex(after.root) },
      ...{ start: elementsOf(start), phi, products: blinded ? [1n, 2n, 3n, 4n, 5n, 6n] : [] },
    }
    const externals: ExternalOracle[] = [committed, after]
    const terms = (await readAuditTerms(chain.access(1), study))!
    const whereOf = ({ draw }: AuditQuestion, { products }: AuditAnswer): RoundContext => ({
      ...{ domainSeparator: terms.domainSeparator, hospital: port.self, round: ROUND },
      ...{ contribution: draw.contribution, products },
    })
    /** What is stated of the round, by what the chain and an answer say. */
    const statementOf = (asked: AuditQuestion, given: AuditAnswer) => {
      const drawn = gammasOf(hexToBytes(asked.beacon), asked.draw.member)
      const said = {
        start: BigInt64Array.from(given.start, toSigned),
        plan: planOf(asked),
        ...(blinded && { gammas: drawn, phi: given.phi }),
      }
      return {
        context: contextOf(whereOf(asked, given)),
        inputs: inputsWithPins(roundInputs(shape, said), [{ pin: given.pin }, {}]),
        roots: [hexToBytes(given.data), hexToBytes(given.afterRoot)],
      }
    }
    const witness = {
      ...roundWitness(round, { start, data, plan, blinds, ...(blinded && { gammas }) }),
      externals,
    }
    const proof = await prove(field, air, statementOf(question, answer), witness, { maskKey })

    const refused = async (given: AuditAnswer, bytes: Uint8Array) =>
      port.prove({ round: ROUND, answer: given, proof: bytes }).then(
        () => 'accepted',
        error => (isAppError(error) ? error.details.error : String(error)),
      )
    expect(await refused(answer, proof.with(100, proof[100]! ^ 1))).toBe('Stark_Refused')
    expect(await refused({ ...answer, start: elementsOf(start.map(weight => weight + 1n)) }, proof)).toBe(
      'Study_BadAnswer',
    )
    for (const changes of elsewhere(port)) {
      const context = contextOf({ ...whereOf(question, answer), ...changes })
      const other = await prove(field, air, { ...statementOf(question, answer), context }, witness, { maskKey })
      expect(await refused(answer, other), Object.keys(changes).join()).toBe('Stark_Refused')
    }
    const swapped = await commitOracle(field, air, 'data', dataColumns(round, roundCase(shape, 2).data), { maskKey })
    const ofOthers = { data: toHex(swapped.root), pin: [...swapped.pin!] as [bigint, bigint] }
    expect(await refused({ ...answer, ...ofOthers }, proof)).toBe('Study_BadAnswer')
    if (blinded) expect(await refused({ ...answer, phi: [phi[0], phi[1] + 1n] }, proof)).toBe('Stark_Refused')
    await port.prove({ round: ROUND, answer, proof })
    expect((await snapshot()).cleared).toBe(1n << BigInt(PROVER))

    const records = await createAuditRecords(chain.access(1), study)()
    const record = records.find(({ verdict }) => verdict === 'proven')!
    const read = (await readAuditProof(chain.access(1), study, record))!
    expect(record.question).toEqual(question)
    const check = () => verify(terms.key!, statementOf(record.question!, read.answer), read.proof, tinyParameters)
    expect(check).not.toThrow()
  }, 120_000)
})
