/** Studies that end within three minutes on one computer with all their hospitals on it. */
export const presetNames = ['heart', 'glance', 'heartLong', 'digits'] as const
export type PresetName = (typeof presetNames)[number]

export interface KioskSettings {
  readonly preset: PresetName
  /** Begins by itself after this many seconds without a visitor; null: waits for one. */
  readonly idleSeconds: number | null
  /** How long a result stands. */
  readonly resultSeconds: number
}

export const defaultKioskSettings: KioskSettings = { preset: 'heart', idleSeconds: 20, resultSeconds: 20 }
