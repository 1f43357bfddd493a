import { type Address, decodeAbiParameters, decodeFunctionData, getAbiItem, type Hex } from 'viem'
import { createAuditRecords } from '../../src/chain/audits.ts'
import { type ChainClient, publicClientFor } from '../../src/chain/clients.ts'
import { creditsFrom } from '../../src/chain/credits.ts'
import type { Deployment } from '../../src/chain/deployment.ts'
import { creditsAbi, gasPotAbi, hospitalRegistryAbi, studyAbi, studyFactoryAbi } from '../../src/chain/generated/abi.ts'
import { KEY_DEPLOYER } from '../../src/chain/proofKeys.ts'
import { type ChainReader, modelVersions, readAuditRules, readRules, standingsOf } from '../../src/chain/reads.ts'
import { cidText } from '../../src/crypto/cid.ts'
import { sameAddress } from '../../src/study/types.ts'
import type { AuditReport, ChainFacts, GasOfCall } from './report.ts'

/** What Study.onTransferReceived is told the credits are for, by number. */
const intents = ['initializeTask', 'joinTask'] as const

interface NamedHospital {
  readonly name: string
  readonly address: Address
}

/**
 * Reads from the chain, and not from what pages say, what a study came to.
 *
 * @param hospitals names by address, in order
 */
export async function readChainFacts(
  deployment: Deployment,
  study: Address,
  hospitals: readonly NamedHospital[],
): Promise<ChainFacts> {
  const publicClient = publicClientFor(deployment)
  const reader = { deployment, publicClient }
  const [snapshot, rules, standings, models, gasByCall, netPay, audits] = await Promise.all([
    publicClient.readContract({ address: study, abi: studyAbi, functionName: 'snapshot' }),
    readRules(reader, study),
    standingsOf(
      reader,
      hospitals.map(({ address }) => address),
    ),
    modelVersions(reader, study),
    readGas(publicClient, deployment, study),
    readNetPay(publicClient, deployment, study),
    readAudits(reader, study, hospitals),
  ])
  // Round zero makes the first version where there is one; void rounds make none.
  const firstRound = rules.standardise ? 0 : 1
  return {
    contract: study,
    rounds: snapshot.completed,
    gasByCall,
    reputation: Object.fromEntries(hospitals.map(({ name }, i) => [name, (standings[i]?.reputation ?? 0) / 10_000])),
    reward: Object.fromEntries(hospitals.map(({ name, address }) => [name, netPay.get(address.toLowerCase()) ?? 0])),
    models: models.map((model, i) => ({ round: firstRound + i, cid: cidText(model.header), hash: model.modelHash })),
    audits,
  }
}

/** Who was audited and with what outcome; nobody in a study that is not proven. What a round ended without is not among them. */
async function readAudits(
  reader: ChainReader,
  study: Address,
  hospitals: readonly NamedHospital[],
): Promise<AuditReport[]> {
  const rules = await readAuditRules(reader, study)
  if (rules === null) return []
  const records = await createAuditRecords(reader, study)()
  const nameOf = (address: Address) =>
    hospitals.find(hospital => sameAddress(hospital.address, address))?.name ?? address
  return records.flatMap(({ hospital, round, verdict, reason, transaction }) => {
    const audit = { hospital: nameOf(hospital), round, steps: rules.steps }
    if (verdict === 'proven') return { ...audit, verdict: 'passed', gas: Number(transaction?.gasUsed ?? 0n) }
    if (verdict === 'failed') return { ...audit, verdict: reason === 'no reveal' ? reason : 'no proof', gas: 0 }
    return []
  })
}

/** Gas of every successful transaction to the study, and of those to other contracts that concern it, by the receipts. */
async function readGas(
  client: ChainClient,
  deployment: Deployment,
  study: Address,
): Promise<Readonly<Record<string, GasOfCall>>> {
  const spent: Record<string, number[]> = {}
  const head = await client.getBlockNumber()
  for (let number = BigInt(deployment.block); number <= head; number++) {
    const { transactions } = await client.getBlock({ blockNumber: number, includeTransactions: true })
    for (const { hash, to, input } of transactions) {
      const name = to === null ? undefined : nameOfCall(deployment, study, to, input)
      if (name === undefined) continue
      const { gasUsed } = await client.getTransactionReceipt({ hash })
      const all = spent[name] ?? []
      all.push(Number(gasUsed))
      spent[name] = all
    }
  }
  return Object.fromEntries(Object.entries(spent).map(([name, gas]) => [name, summarise(gas)]))
}

/** @returns undefined for a call that is none of the study's business */
function nameOfCall(deployment: Deployment, study: Address, to: Address, input: Hex): string | undefined {
  if (sameAddress(to, study)) return decodeFunctionData({ abi: studyAbi, data: input }).functionName
  if (sameAddress(to, deployment.factory)) return decodeFunctionData({ abi: studyFactoryAbi, data: input }).functionName
  if (sameAddress(to, deployment.registry)) {
    return decodeFunctionData({ abi: hospitalRegistryAbi, data: input }).functionName
  }
  if (sameAddress(to, KEY_DEPLOYER)) return 'deployKey'
  if (sameAddress(to, deployment.gasPot)) return nameOfCarried(study, input)
  if (!sameAddress(to, deployment.credits)) return undefined
  const call = decodeFunctionData({ abi: creditsAbi, data: input })
  if (call.functionName !== 'transferAndCall' || !sameAddress(call.args[0], study)) return undefined
  const [intent] = decodeAbiParameters([{ type: 'uint8' }, { type: 'bytes' }], call.args[2] ?? '0x')
  return intents[intent]
}

/** What was carried for hospitals goes by its own name where it is all the same. @returns undefined for whatever else the pot is asked */
function nameOfCarried(study: Address, input: Hex): string | undefined {
  const call = decodeFunctionData({ abi: gasPotAbi, data: input })
  if (call.functionName !== 'carry' || !sameAddress(call.args[0], study)) return undefined
  const names = new Set(call.args[1].map(data => decodeFunctionData({ abi: studyAbi, data }).functionName))
  const [name] = names
  return names.size === 1 ? name : call.functionName
}

/** Credits earned less credits forfeited, by wallet in lower case. */
async function readNetPay(client: ChainClient, deployment: Deployment, study: Address): Promise<Map<string, number>> {
  const logs = await client.getLogs({
    address: study,
    events: [
      getAbiItem({ abi: studyAbi, name: 'RewardAccrued' }),
      getAbiItem({ abi: studyAbi, name: 'StakeForfeited' }),
    ],
    fromBlock: BigInt(deployment.block),
    strict: true,
  })
  const pay = new Map<string, bigint>()
  for (const { eventName, args } of logs) {
    const key = args.hospital.toLowerCase()
    pay.set(key, (pay.get(key) ?? 0n) + (eventName === 'RewardAccrued' ? args.amount : -args.amount))
  }
  return new Map([...pay].map(([key, amount]) => [key, creditsFrom(amount)]))
}

function summarise(gas: readonly number[]): GasOfCall {
  return {
    count: gas.length,
    mean: Math.round(gas.reduce((sum, value) => sum + value, 0) / gas.length),
    most: Math.max(...gas),
  }
}
