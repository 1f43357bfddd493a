import fc from 'fast-check'

/** npm test draws the same examples every time, so that a change is what makes it fail; npm run test:long draws new ones. */
if (process.env.WARDROUND_LONG !== '1') fc.configureGlobal({ seed: 0x77617264 })
