import mantine from 'postcss-preset-mantine';
import variables from 'postcss-simple-vars';

export default {
  plugins: [
    mantine(),
    variables({
      variables: {
        'mantine-breakpoint-xs': '30em',
        'mantine-breakpoint-sm': '48em',
        'mantine-breakpoint-md': '64em',
        'mantine-breakpoint-lg': '80em',
        'mantine-breakpoint-xl': '96em',
      },
    }),
  ],
};
