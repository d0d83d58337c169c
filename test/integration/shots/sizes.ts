/** Sizes of the window in which every state is shown; of the page with VS Code's bars around it. */
/** Of the picture's name its end; CSS pixels. 200 % is half of the first. */
export const SIZES = [
  ['', 1440, 900],
  ['-1000x700', 1048, 700],
  ['-700px', 748, 900],
  ['-zoom-200', 720, 450],
] as const;
