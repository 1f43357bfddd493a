/** The frame around every page. */
export const frameTexts = {
  skip: 'Skip to the content',
  nav: 'Pages',
  pages: { home: 'Studies', sponsor: 'Sponsor', issuers: 'Issuers', kiosk: 'Kiosk', audits: 'Audits' },
  title: (page: string) => `${page} · Wardround`,
  demo: 'Demo: accounts and money here are worthless and public.',
  network: (name: string) => `Network: ${name}`,
  offline: {
    heading: 'Connection lost',
    browser:
      'This computer is offline. Training and your results go on here; what is to be sent goes out when the connection is back.',
    silent: 'The chain does not answer. Training and your results go on here; rounds go on as soon as it answers.',
    other:
      'Another chain answers than the one this page was made for. It may have been started anew. Reload the page; what was on the old chain is gone with it.',
    reload: 'Reload',
  },
  unknown: 'Not found',
  unsupported: {
    heading: 'This browser cannot take part',
    answer: 'Wardround trains on your computer, and for that it needs what this browser does not offer here:',
    features: {
      crypto:
        'Keys that cannot be copied (WebCrypto). Browsers give it only to pages that come over https, or from this computer.',
      database: 'A database of its own (IndexedDB). Private windows and blocked cookies switch it off.',
      workers: 'Background workers, in which the training runs.',
      wasm: 'WebAssembly, which the training is made of.',
    },
    whatToDo:
      'Open this page in a current Chrome, Edge, Firefox or Safari, in a normal window, at an address that begins with https. Nothing was read or kept so far.',
  },
  broken: {
    heading: 'This page stumbled',
    answer:
      'Something happened that should not. Your patients’ data and your keys are where they were; the study goes on from where it was.',
  },
} as const
