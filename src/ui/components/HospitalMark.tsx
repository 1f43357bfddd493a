/** Okabe–Ito, in which colour-blind readers tell all apart; the first is the ink itself. */
const colours = ['currentColor', '#e69f00', '#56b4e9', '#009e73', '#f0e442', '#0072b2', '#d55e00', '#cc79a7']

/** One shape a colour, so that a grey print works too. */
const shapes = [
  'M8 2a6 6 0 1 1 0 12a6 6 0 1 1 0-12z',
  'M3 3h10v10h-10z',
  'M8 2l6.5 11.5h-13z',
  'M8 1.5l6.5 6.5l-6.5 6.5l-6.5-6.5z',
  'M8 14l-6.5-11.5h13z',
  'M6 2h4v4h4v4h-4v4h-4v-4h-4v-4h4z',
  'M8 1.5l6.5 5l-2.5 7.5h-8l-2.5-7.5z',
  'M2 5l3-3l3 3l3-3l3 3l-3 3l3 3l-3 3l-3-3l-3 3l-3-3l3-3z',
]

/** A hospital's colour and shape, by its place in the order of joining from 1; the name stands beside it. */
export function HospitalMark({ number, size = 16 }: { readonly number: number; readonly size?: number }) {
  const index = (number - 1) % shapes.length
  return (
    <svg width={size} height={size} viewBox="0 0 16 16" aria-hidden="true" style={{ flexShrink: 0 }}>
      <path d={shapes[index]} fill={colours[index]} stroke="currentColor" strokeWidth={0.5} />
    </svg>
  )
}
