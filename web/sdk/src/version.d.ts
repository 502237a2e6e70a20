declare const __VERSION__: string; // of the project
