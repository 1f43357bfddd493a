import { describe, expect, it } from 'vitest'
import { formatInvitation, type Invitation } from '../invitation.ts'
import { forgetInvitation, type InvitationPlace, takeInvitation } from './keptInvitation.ts'

const study = `0x${'a1'.repeat(20)}` as const
const invitation: Invitation = {
  v: 1,
  deploymentId: `0x${'0d'.repeat(32)}`,
  study,
  name: 'Ward 7',
  expires: 2_000_000_000,
  key: `0x${'01'.repeat(32)}`,
  signatures: [],
}

function placeAt(
  url: string,
): InvitationPlace & { readonly shown: () => string; readonly at: (url: string) => InvitationPlace } {
  const kept = new Map<string, string>()
  let shown = url
  const at = (address: string): InvitationPlace => ({
    location: new URL(address),
    history: {
      state: null,
      replaceState(_state, _title, next) {
        shown = String(next)
      },
    },
    sessionStorage: {
      getItem: name => kept.get(name) ?? null,
      setItem: (name, value) => void kept.set(name, value),
      removeItem: name => void kept.delete(name),
    },
  })
  return { ...at(url), shown: () => shown, at }
}

describe('takeInvitation', () => {
  it('leaves no trace in the address bar, and is there after a reload', () => {
    const place = placeAt(formatInvitation('https://ward.example', invitation))
    expect(takeInvitation(place, study)).toEqual(invitation)
    expect(place.shown()).toBe(`/?study=${study}`)
    expect(takeInvitation(place.at(`https://ward.example/?study=${study}`), study)).toEqual(invitation)
  })

  it('is for its own study, and gone once it was used', () => {
    const place = placeAt(formatInvitation('https://ward.example', invitation))
    expect(takeInvitation(place, `0x${'b2'.repeat(20)}`)).toBeNull()
    forgetInvitation(place)
    expect(takeInvitation(place.at(`https://ward.example/?study=${study}`), study)).toBeNull()
  })

  it('says when half of the link is missing, and does not leave the rest in the address bar', () => {
    const place = placeAt(formatInvitation('https://ward.example', invitation).slice(0, -40))
    expect(() => takeInvitation(place, study)).toThrow('cannot be read')
    expect(place.shown()).not.toContain('#')
  })
})
