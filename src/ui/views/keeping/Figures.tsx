/** Names with their figures. */
export function Figures({ of }: { readonly of: readonly { readonly name: string; readonly value: string }[] }) {
  return (
    <dl className="ward-figures">
      {of.map(({ name, value }) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}
