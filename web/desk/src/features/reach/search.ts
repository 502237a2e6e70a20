export const reachPurposes = ['DirectMarketing', 'PersonalisedAdvertising', 'PersonalisedBenefits', 'SatisfactionSurvey'] as const;
export type ReachPurpose = (typeof reachPurposes)[number];
export type ReachSearch = {purpose?: ReachPurpose};
