import { expect, it } from 'vitest'
import { hospitalUrl, parseRoute } from './route.ts'

const study = '0x00000000000000000000000000000000000000b2'

it('is the home page without a study', () => {
  expect(parseRoute('')).toEqual({ page: 'home' })
  expect(parseRoute('?hospital=3')).toEqual({ page: 'home' })
})

it('reads back what it wrote', () => {
  const url = hospitalUrl({ study, hospital: 3, auto: true, backend: 'wasm' })
  expect(url).toBe(`/?hospital=3&study=${study}&auto=1&backend=wasm`)
  expect(parseRoute(url.slice(1))).toEqual({ page: 'hospital', study, hospital: 3, auto: true, backend: 'wasm' })
})

it('leaves a wallet’s hospital unnumbered', () => {
  expect(parseRoute(hospitalUrl({ study, hospital: null }).slice(1))).toEqual({
    page: 'hospital',
    study,
    hospital: null,
    auto: false,
    backend: null,
  })
})
