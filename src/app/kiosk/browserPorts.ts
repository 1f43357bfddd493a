import { deleteDB } from 'idb'
import { publicClientFor, walletClientFor } from '../../chain/clients.ts'
import { demoAccount } from '../../chain/demoAccounts.ts'
import { withdraw } from '../../chain/hospital.ts'
import { accreditationOf, readSnapshot } from '../../chain/reads.ts'
import { startTask, stopTask } from '../../chain/sponsor.ts'
import { indexedDbTransactionJournal, memoryTransactionJournal } from '../../chain/transactionJournal.ts'
import type { ChainAccess } from '../../chain/transactions.ts'
import { indexedDbKeyStore } from '../../crypto/keys.ts'
import { isAppError } from '../../errors/AppError.ts'
import { Phase } from '../../rounds/ports.ts'
import type { HeliaStore } from '../../storage/heliaStore.ts'
import type { Address } from '../../study/types.ts'
import { forgetJoins } from '../join/joinMemory.ts'
import type { Site } from '../site.ts'
import { sponsorStudy } from '../sponsorStudy.ts'
import type { KioskPorts } from './kiosk.ts'
import { presets } from './presets.ts'

/** The demo chain's sponsor: it deployed the contracts and has their credits. Hospital k is account k. */
const SPONSOR = 0
/** Milliseconds that a closed page's databases may take to be let go of. */
const DELETE_PATIENCE = 5_000
const REMEMBERED = 'wardround-kiosk-study'
/** Wei for each study's gas pot: many times what carrying a short study's duties costs on the dev chain. */
const GAS_WEI = 10n ** 17n

/**
 * The wall's hands, with the demo accounts of a dev chain as sponsor and hospitals.
 *
 * @param urlOf a hospital's page, by its demo account's number
 * @throws AppError chain.wrongChain where the chain is none of demo accounts
 */
export function createBrowserPorts(
  site: Site,
  urlOf: (study: Address, hospital: number) => string,
): KioskPorts & { close(): Promise<void> } {
  const sponsor = accessOf(site, SPONSOR)
  let store: Promise<HeliaStore> | undefined
  const openStore = () => {
    // Memory: the wall has nothing to keep, and a study's description is on the relays once it is published.
    // The wall is shown before its node is fetched.
    store ??= import('../../storage/heliaStore.ts').then(({ createHeliaStore }) =>
      createHeliaStore({ namespace: 'kiosk', relays: site.relays, storage: 'memory' }),
    )
    store.catch(() => {
      store = undefined
    })
    return store
  }

  return {
    async open(name, seed, signal) {
      const preset = presets[name]
      const hospitals = await Promise.all(
        Array.from({ length: preset.hospitals }, async (_, i) => {
          const { address } = demoAccount(i + 1, site.chainId)
          const { name: known } = await accreditationOf(sponsor, address)
          return { address, name: known || address, number: i + 1 }
        }),
      )
      signal.throwIfAborted()
      const { study, manifest, rules } = await sponsorStudy(
        sponsor,
        await openStore(),
        preset.plan(seed, site.relays),
        { minHospitals: preset.hospitals, maxHospitals: preset.hospitals, gasWei: GAS_WEI },
      )
      return {
        address: study,
        manifest,
        rounds: rules.rounds,
        hospitals: hospitals.map(({ number, ...hospital }) => ({ ...hospital, url: urlOf(study, number) })),
      }
    },

    read: study => readSnapshot(sponsor, study),

    start: study => startTask(sponsor, study),

    async settle({ address, hospitals }) {
      const { phase } = await readSnapshot(sponsor, address)
      if (phase !== Phase.Ended) await stopTask(sponsor, address)
      const accounts = [SPONSOR, ...hospitals.map((_, i) => i + 1)]
      await Promise.all(accounts.map(number => takeHome(accessOf(site, number), address)))
    },

    async wipe({ address, hospitals }) {
      const study = address.toLowerCase()
      const databases = await indexedDB.databases()
      const names = databases.flatMap(({ name }) => (name?.toLowerCase().includes(study) ? [name] : []))
      await Promise.all(names.map(name => deleteWithin(name, DELETE_PATIENCE)))
      await forgetJoins(address)
      // A page may have waited for a transaction when the study ended.
      await indexedDbTransactionJournal(site.deploymentId).forget(address)
      const keys = indexedDbKeyStore()
      for (const hospital of hospitals) {
        await keys.remove({ deployment: site.deploymentId, study: address, address: hospital.address })
      }
    },

    remembered() {
      const text = localStorage.getItem(REMEMBERED)
      if (text === null) return null
      const { deployment, ...study } = JSON.parse(text) as { deployment: string } & Remembered
      return deployment === site.deploymentId ? study : null
    },

    remember(study) {
      if (study === null) return localStorage.removeItem(REMEMBERED)
      const { address, hospitals } = study
      localStorage.setItem(REMEMBERED, JSON.stringify({ deployment: site.deploymentId, address, hospitals }))
    },

    async close() {
      await (await store)?.close()
    },
  }
}

type Remembered = NonNullable<ReturnType<KioskPorts['remembered']>>

function accessOf(site: Site, account: number): ChainAccess {
  return {
    deployment: site,
    publicClient: publicClientFor(site),
    walletClient: walletClientFor(site, demoAccount(account, site.chainId)),
    // A study that the wall loses is cleared away, not resumed.
    journal: memoryTransactionJournal(),
    pollInterval: 150,
  }
}

/** Stake, rewards or the unspent deposit; that there is nothing is no fault. */
async function takeHome(access: ChainAccess, study: Address): Promise<void> {
  try {
    await withdraw(access, study)
  } catch (error) {
    if (!isAppError(error, 'chain.reverted')) throw error
  }
}

/** A page that hangs may keep its database open: it goes with the next study then. */
async function deleteWithin(name: string, milliseconds: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const patience = new Promise<void>(resolve => {
    timer = setTimeout(resolve, milliseconds)
  })
  await Promise.race([deleteDB(name), patience])
  clearTimeout(timer)
}
