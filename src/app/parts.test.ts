import { expect, it } from 'vitest'
import { createParts } from './parts.ts'

it('gives to those who wait, and to those who come later', async () => {
  const parts = createParts<{ a: number; b: string }>()
  const early = parts.when('a')
  expect(parts.get('a')).toBeUndefined()
  parts.set('a', 1)
  expect(await early).toBe(1)
  expect(await parts.when('a')).toBe(1)
})

it('fails those who wait for what will never come, and keeps what is there', async () => {
  const parts = createParts<{ a: number; b: string }>()
  parts.set('a', 1)
  const waiting = parts.when('b')
  parts.fail(new Error('closed'))
  await expect(waiting).rejects.toThrow('closed')
  await expect(parts.when('b')).rejects.toThrow('closed')
  expect(await parts.when('a')).toBe(1)
})
