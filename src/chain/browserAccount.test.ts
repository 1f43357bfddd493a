import 'fake-indexeddb/auto'
import { encodeAbiParameters, encodeFunctionData, getAddress } from 'viem'
import { privateKeyToAccount } from 'viem/accounts'
import { describe, expect, it } from 'vitest'
import type { Hex } from '../study/types.ts'
import {
  createBrowserAccount,
  exportBrowserAccount,
  loadBrowserAccount,
  removeBrowserAccount,
  restoreBrowserAccount,
} from './browserAccount.ts'
import { isQuiet, setQuiet } from './browserAccountDatabase.ts'
import { browserProvider, type SigningRequest } from './browserProvider.ts'
import { readCall } from './callNames.ts'
import type { Deployment } from './deployment.ts'
import { creditsAbi, studyAbi } from './generated/abi.ts'

let count = 0
const deployment = (chainId = 31337) => {
  const deploymentId: Hex = `0x${String(++count).padStart(64, '0')}`
  return { deploymentId, chainId }
}
const password = 'correct horse battery'

describe('the account of a browser', () => {
  it('is made once and is the same after a reload', async () => {
    const here = deployment()
    expect(await loadBrowserAccount(here)).toBeUndefined()
    const { account, backedUpAt } = await createBrowserAccount(here)
    expect(backedUpAt).toBeNull()
    expect((await createBrowserAccount(here)).account.address).toBe(account.address)
    const again = await loadBrowserAccount(here)
    expect(again?.account.address).toBe(account.address)
    expect(await again?.account.signMessage({ message: 'x' })).toBe(await account.signMessage({ message: 'x' }))
  })

  it('is another on another deployment, and gone once it is removed', async () => {
    const [here, there] = [deployment(), deployment()]
    const { account } = await createBrowserAccount(here)
    expect((await createBrowserAccount(there)).account.address).not.toBe(account.address)
    await removeBrowserAccount(here)
    expect(await loadBrowserAccount(here)).toBeUndefined()
    expect(await loadBrowserAccount(there)).toBeDefined()
  })

  it('lies in no database as plain bytes', async () => {
    const here = deployment()
    await createBrowserAccount(here)
    const db = await new Promise<IDBDatabase>((resolve, reject) => {
      const request = indexedDB.open(`wardround-account-${here.deploymentId}`)
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    const [kept] = await new Promise<{ address: string; key: CryptoKey; sealed: ArrayBuffer }[]>((resolve, reject) => {
      const request = db.transaction('accounts').objectStore('accounts').getAll()
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    if (kept === undefined) throw new Error('nothing is kept')
    db.close()
    expect(kept.key.extractable).toBe(false)
    // 32 bytes and the tag; and they are not the key.
    expect(kept.sealed.byteLength).toBe(48)
    const bytes: Hex = `0x${Buffer.from(kept.sealed).subarray(0, 32).toString('hex')}`
    expect(privateKeyToAccount(bytes).address).not.toBe(kept.address)
  })

  it('is not made where accounts hold money', async () => {
    await expect(createBrowserAccount(deployment(1))).rejects.toMatchObject({ code: 'app.mainNetwork' })
  })
})

describe('a backup', () => {
  it('brings the account to another browser with the password alone', async () => {
    const [here, there] = [deployment(), deployment()]
    const { account } = await createBrowserAccount(here)
    const file = await exportBrowserAccount(here, password)
    expect((await loadBrowserAccount(here))?.backedUpAt).toBeGreaterThan(0)
    expect(JSON.parse(file).rounds).toBeGreaterThanOrEqual(600_000)
    await expect(restoreBrowserAccount(there, file, 'wrong horse battery')).rejects.toMatchObject({
      code: 'wallet.wrongPassword',
    })
    expect(await loadBrowserAccount(there)).toBeUndefined()
    const back = await restoreBrowserAccount(there, file, password)
    expect(back.account.address).toBe(account.address)
    expect((await loadBrowserAccount(there))?.account.address).toBe(account.address)
  })

  it('never overwrites another account', async () => {
    const [here, there] = [deployment(), deployment()]
    await createBrowserAccount(here)
    const file = await exportBrowserAccount(here, password)
    const { account } = await createBrowserAccount(there)
    await expect(restoreBrowserAccount(there, file, password)).rejects.toMatchObject({ code: 'wallet.accountExists' })
    expect((await loadBrowserAccount(there))?.account.address).toBe(account.address)
  })

  it.each([
    ['no JSON', 'abc'],
    ['another file', '{"kind":"other"}'],
    [
      'one that was weakened',
      JSON.stringify({
        ...{ kind: 'wardround-account', v: 1, address: `0x${'11'.repeat(20)}`, rounds: 1000 },
        ...{ salt: `0x${'11'.repeat(16)}`, iv: `0x${'11'.repeat(12)}`, sealed: `0x${'11'.repeat(48)}` },
      }),
    ],
  ])('that is %s is refused', async (_what, file) => {
    await expect(restoreBrowserAccount(deployment(), file, password)).rejects.toMatchObject({
      code: 'wallet.badBackup',
    })
  })

  it('needs a password worth the name', async () => {
    const here = deployment()
    await createBrowserAccount(here)
    await expect(exportBrowserAccount(here, 'short')).rejects.toMatchObject({ code: 'wallet.weakPassword' })
  })
})

const contract = (digit: string): Hex => `0x${digit.repeat(40)}`
const full: Deployment = {
  ...{ chainId: 31337, rpcUrls: ['http://127.0.0.1:1'], block: 0 },
  ...{ genesisHash: `0x${'0'.repeat(64)}`, deploymentId: `0x${'0'.repeat(64)}` },
  ...{ credits: contract('1'), registry: contract('2'), factory: contract('3') },
  ...{ reputation: contract('4'), modelRegistry: contract('5'), gasPot: contract('6'), verifiers: [] },
}
const study = contract('a')

describe('what is about to be signed', () => {
  it('is read from the bytes: credits that join a study', () => {
    const payload = encodeAbiParameters([{ type: 'uint8' }, { type: 'bytes' }], [1, '0x'])
    const data = encodeFunctionData({ abi: creditsAbi, functionName: 'transferAndCall', args: [study, 7n, payload] })
    expect(readCall(full, { to: full.credits, data })).toEqual({
      name: 'joinTask',
      credits: 7n,
      study: getAddress(study),
      bundled: [],
    })
  })

  it('is read through a bundle: what is inside has names, too', () => {
    const inside = [encodeFunctionData({ abi: studyAbi, functionName: 'leaveTask' }), '0xdeadbeef'] as const
    const data = encodeFunctionData({ abi: studyAbi, functionName: 'multicall', args: [[...inside]] })
    expect(readCall(full, { to: study, data })).toMatchObject({ name: 'multicall', bundled: ['leaveTask', null] })
  })

  it('is read from the bytes: a call to a study, and one that is not known', () => {
    const data = encodeFunctionData({ abi: studyAbi, functionName: 'withdraw' })
    expect(readCall(full, { to: study, data })).toEqual({ name: 'withdraw', credits: null, study, bundled: [] })
    expect(readCall(full, { to: study, data: '0xdeadbeef' })).toBeNull()
  })
})

describe('the account of a browser as a wallet', () => {
  const account = privateKeyToAccount(`0x${'42'.repeat(32)}`)
  const provider = (answer: boolean) => {
    const asked: SigningRequest[] = []
    const ask = async (request: SigningRequest) => {
      asked.push(request)
      return answer
    }
    return { asked, wallet: browserProvider(full, async () => account, ask) }
  }

  it('signs a message only after the person saw it', async () => {
    const { asked, wallet } = provider(true)
    const signature = await wallet.request({ method: 'personal_sign', params: ['0x616263', account.address] })
    expect(asked).toHaveLength(1)
    expect(signature).toBe(await account.signMessage({ message: { raw: '0x616263' } }))
  })

  it('tells a no as every wallet does', async () => {
    const { wallet } = provider(false)
    const asking = wallet.request({ method: 'personal_sign', params: ['0x616263', account.address] })
    await expect(asking).rejects.toMatchObject({ code: 4001 })
  })

  it('has no account where none was made', async () => {
    const wallet = browserProvider(
      full,
      async () => undefined,
      async () => true,
    )
    expect(await wallet.request({ method: 'eth_accounts' })).toEqual([])
    await expect(wallet.request({ method: 'eth_requestAccounts' })).rejects.toMatchObject({ code: 4100 })
  })
})

it('a study whose updates are signed quietly is remembered alone', async () => {
  const here = deployment()
  await setQuiet(here, study, true)
  expect(await isQuiet(here, study)).toBe(true)
  expect(await isQuiet(here, contract('b'))).toBe(false)
  await setQuiet(here, study, false)
  expect(await isQuiet(here, study)).toBe(false)
})
