import {
  type Abi,
  type AbiParameter,
  ContractFunctionZeroDataError,
  encodeErrorResult,
  HttpRequestError,
  RpcRequestError,
  TimeoutError,
} from 'viem'
import { describe, expect, test } from 'vitest'
import { AppError } from '../errors/AppError.ts'
import * as abis from './generated/abi.ts'
import { decodeRevert, errorNames, isUnreachable, toAppError } from './reverts.ts'

const errors = Object.values(abis as Record<string, Abi>).flatMap(abi => abi.filter(({ type }) => type === 'error'))

const sample = ({ type }: AbiParameter): unknown =>
  type === 'address'
    ? `0x${'12'.repeat(20)}`
    : type === 'string'
      ? 'rounds'
      : type === 'bytes'
        ? '0x1234'
        : type === 'bytes32'
          ? `0x${'34'.repeat(32)}`
          : type === 'bool'
            ? true
            : type.startsWith('uint') && Number(type.slice(4) || 256) <= 48
              ? 5
              : 5n

describe('every custom error of every contract', () => {
  test.each(errors.flatMap(error => (error.type === 'error' ? [[error.name, error] as const] : [])))(
    '%s becomes a plain sentence',
    (name, error) => {
      const data = encodeErrorResult({ abi: [error], errorName: name, args: error.inputs.map(sample) } as never)
      const decoded = decodeRevert(data)
      expect(decoded.name).toBe(name)
      expect(decoded.sentence).toMatch(/^[a-z0-9].*[.?]$/)
      expect(decoded.sentence).not.toMatch(/undefined|NaN|_|\{/)
    },
  )

  test('is counted: the ABIs hold dozens of them, and no sentence is left over', () => {
    expect(errors.length).toBeGreaterThan(40)
    const names = new Set(errors.map(error => (error.type === 'error' ? error.name : '')))
    expect(new Set(errorNames)).toEqual(names)
  })
})

describe('what wallets, RPCs and contracts throw', () => {
  const nested = (cause: unknown) => new Error('outer', { cause: new Error('middle', { cause }) })

  test('a stake that does not fit names both amounts in credits', () => {
    const data = encodeErrorResult({
      abi: abis.studyAbi,
      errorName: 'Study_WrongStake',
      args: [5n * 10n ** 17n, 10n ** 19n],
    })
    const error = toAppError(nested({ data: { data } }), 'http://rpc')
    expect(error.code).toBe('chain.reverted')
    expect(error.details.error).toBe('Study_WrongStake')
    expect(error.message).toBe(
      'The contract refused: this study asks for a stake of exactly 10 credits; 0.5 credits were offered.',
    )
  })

  test.each([
    ['code 4001', { code: 4001 }],
    ['code 5000', { code: 5000 }],
    ['the word', { code: 'ACTION_REJECTED' }],
  ])('a declined prompt, by %s', (_how, cause) => {
    expect(toAppError(nested(cause), '').code).toBe('chain.rejected')
  })

  test('a chain that cannot be reached, is too slow or too busy', () => {
    const url = 'http://rpc'
    const body = { method: 'eth_call' }
    for (const cause of [
      new HttpRequestError({ url, status: 503 }),
      new TimeoutError({ url, body }),
      new RpcRequestError({ url, body, error: { code: -32005, message: 'limit exceeded' } }),
    ]) {
      expect(isUnreachable(nested(cause))).toBe(true)
      const error = toAppError(nested(cause), url)
      expect(error.code).toBe('chain.unreachable')
      expect(error.message).toContain(url)
    }
    expect(isUnreachable(new Error('something else'))).toBe(false)
  })

  test('an account without gas money', () => {
    const error = toAppError(nested(new Error('Insufficient funds for gas * price + value')), '')
    expect(error.code).toBe('chain.insufficientFunds')
  })

  test('a wallet that fails by itself is not taken for a contract that refused', () => {
    const internal = { code: -32603, message: 'Internal JSON-RPC error.' }
    const error = toAppError(nested(internal), '')
    expect(error).toMatchObject({ code: 'chain.walletFailed', details: { reason: 'Internal JSON-RPC error' } })
    expect(error.message).not.toContain('The contract refused')
    const url = 'http://rpc'
    const body = { method: 'eth_sendTransaction' }
    const wrapped = new RpcRequestError({ url, body, error: { code: -32603, message: 'device locked' } })
    expect(toAppError(nested(wrapped), url)).toMatchObject({
      code: 'chain.walletFailed',
      details: { reason: 'device locked' },
    })
  })

  test('a wallet whose prompt is still open says so', () => {
    expect(toAppError(nested({ code: -32002, message: 'Request already pending.' }), '').code).toBe('chain.walletBusy')
  })

  test('a contract that gives no reason did refuse', () => {
    const { code, details } = toAppError(nested({ code: 3, message: 'execution reverted' }), '')
    expect({ code, details }).toEqual({ code: 'chain.reverted', details: { reason: 'execution reverted', error: '' } })
    const missing = new ContractFunctionZeroDataError({ functionName: 'snapshot' })
    expect(toAppError(nested(missing), '').code).toBe('chain.reverted')
  })

  test('an AppError passes through, anything unknown is told as it is', () => {
    const known = new AppError('journal.failed', { reason: 'quota' })
    expect(toAppError(known, '')).toBe(known)
    expect(toAppError(nested(known), '')).toBe(known)
    expect(toAppError(new Error('odd'), '')).toMatchObject({ code: 'app.bug', details: { reason: 'odd' } })
    expect(decodeRevert('0x').sentence).toBe('it gave no reason.')
    expect(decodeRevert('0xdeadbeef').sentence).toContain('0xdeadbeef')
  })
})
