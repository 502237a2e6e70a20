// How many people may be contacted.
export const reach = {
  reach: {
    title: 'Reach',
    lead: 'How many people may be contacted, and what stands against the others. Each was checked as before a message. Groups of fewer than {{count}} people are not shown.',
    purpose: 'What for',
    counting: 'It is being counted anew.',
    countedAt: 'Counted:',
    countAnew: 'Count anew',
    notCounted: 'Not counted yet',
    notCountedHint: 'It is counted once a day, and when you ask for it. With many people that takes a while; the figures appear here by themselves.',
    nobody: 'Nobody to be shown',
    nobodyHint: 'Either no source names this purpose, or fewer than {{count}} people are known.',
    several: 'Countries with few people',
    unknownCountry: 'Country unknown',
    reachable: '{{reachable}} of {{people}} can be reached',
    fewReachable: 'of {{people}}; how many can be reached is not told, since groups would be too small',
    why: 'What stands against the others',
    try: 'See by which law',
    reasons: {
      no_address: 'No address is known for this way',
      unreachable: 'Mail to the address came back',
      too_often: 'They were written to often enough',
      no_way_to_unsubscribe: 'Nobody can unsubscribe: mail.base_url is missing or does not begin with https://',
      other: 'Other reasons, each of few people',
    },
  },
};
