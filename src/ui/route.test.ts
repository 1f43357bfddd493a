import { expect, it } from 'vitest'
import { auditsUrl, hospitalUrl, parseRoute } from './route.ts'

const study = '0x00000000000000000000000000000000000000b2'

it('is the home page without a study', () => {
  expect(parseRoute('/', '')).toEqual({ page: 'home' })
  expect(parseRoute('/', '?hospital=3')).toEqual({ page: 'home' })
})

it('reads back what it wrote', () => {
  const url = hospitalUrl({ study, hospital: 3, auto: true, backend: 'wasm' })
  expect(url).toBe(`/?hospital=3&study=${study}&auto=1&backend=wasm`)
  expect(parseRoute('/', url.slice(1))).toEqual({
    page: 'hospital',
    study,
    hospital: 3,
    auto: true,
    backend: 'wasm',
    framed: false,
  })
})

it('leaves a wallet’s hospital unnumbered', () => {
  expect(parseRoute('/', hospitalUrl({ study, hospital: null }).slice(1))).toEqual({
    page: 'hospital',
    study,
    hospital: null,
    auto: false,
    backend: null,
    framed: false,
  })
})

it('knows the pages by their paths, with or without a slash', () => {
  expect(parseRoute('/kiosk', '')).toEqual({ page: 'kiosk' })
  expect(parseRoute('/kiosk/', '')).toEqual({ page: 'kiosk' })
  expect(parseRoute('/sponsor', `?study=${study}&account=0`)).toEqual({ page: 'sponsor', study, account: 0 })
  expect(parseRoute('/issuers', '')).toEqual({ page: 'issuers', account: null })
  expect(parseRoute('/audits', auditsUrl(study).slice('/audits'.length))).toEqual({ page: 'audits', study })
  expect(parseRoute('/audits/', '')).toEqual({ page: 'audits', study: null })
  expect(parseRoute('/nowhere', '')).toEqual({ page: 'unknown', path: '/nowhere' })
})
