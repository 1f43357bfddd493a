import { describe, expect, it } from 'vitest'
import { palettes } from './theme.ts'

/** WCAG 2 relative luminance. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map(at => {
    const value = Number.parseInt(colour.slice(at, at + 2), 16) / 255
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4
  }) as [number, number, number]
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].sort((x, y) => x - y) as [number, number]
  return (high + 0.05) / (low + 0.05)
}

describe.each(Object.entries(palettes))('%s', (_name, colours) => {
  it.each([
    '--mantine-color-text',
    '--mantine-color-dimmed',
    '--mantine-color-anchor',
    '--ward-live',
    '--ward-attention',
    '--ward-danger',
  ] as const)('%s can be read on paper and on a panel', name => {
    expect(contrast(colours[name], colours['--mantine-color-body'])).toBeGreaterThanOrEqual(4.5)
    expect(contrast(colours[name], colours['--ward-panel'])).toBeGreaterThanOrEqual(4.5)
  })

  it('the action’s words can be read on the living colour', () => {
    expect(contrast(colours['--ward-on-live'], colours['--ward-live'])).toBeGreaterThanOrEqual(4.5)
  })
})
