/** What the sample shop sells. Colours: background, main, second, light. Prices in cents of a US dollar. */
export const palettes = {
  clay: ['#f3e9e0', '#c56a43', '#7d3c22', '#fbf6f1'],
  sea: ['#e3eef2', '#2f7f9e', '#1c4a5e', '#f4fafc'],
  moss: ['#e9efe2', '#6a8f4e', '#3c5a2c', '#f7faf3'],
  sun: ['#fbf1d9', '#e2a52b', '#8a5f10', '#fffaf0'],
  plum: ['#f0e6ef', '#8d4f86', '#542b50', '#fbf6fb'],
  ink: ['#e6e8ec', '#3d4657', '#1f2530', '#f8f9fb'],
  rose: ['#f8e7e7', '#cf6a75', '#82343f', '#fdf6f6'],
  oak: ['#f2ebdf', '#b58a58', '#6e4f2c', '#fbf8f2'],
};

const sizes = (...names) => ({ Size: names });
const colors = (...names) => ({ Color: names });

/**
 * title, category, vendor, [motif, palette], price, tags, description; then what only some have: options (name → values),
 * `more` (what each later value of the first option costs on top), `was` (a former price), grams, stock.
 */
export const products = [
  ['Stoneware Mug', 'Kitchen', 'Haldane Pottery', ['mug', 'clay'], 1800, ['stoneware', 'handmade', 'coffee'], 'A heavy mug with a thumb rest, thrown by hand and glazed inside. Holds 350 ml and goes into the dishwasher.', { options: colors('Terracotta', 'Slate', 'Cream'), grams: 380 }],
  ['Enamel Camping Mug', 'Kitchen', 'Northway', ['mug', 'sea'], 1250, ['enamel', 'camping'], 'Steel under two coats of enamel, with a rolled rim. It survives the campfire and the fall off the table.', { grams: 140 }],
  ['Noodle Bowl', 'Kitchen', 'Haldane Pottery', ['bowl', 'sea'], 2400, ['stoneware', 'handmade'], 'Deep enough for soup and wide enough for toppings. The foot is left raw so that it does not slip.', { grams: 620 }],
  ['Dinner Plate', 'Kitchen', 'Haldane Pottery', ['plate', 'oak'], 2200, ['stoneware'], 'A flat plate with a low rim, 27 cm across.', { options: { Set: ['Single', 'Set of 4'] }, more: [5600], grams: 700 }],
  ['Cast Iron Skillet', 'Kitchen', 'Ferrum', ['pan', 'ink'], 4900, ['cast iron', 'cookware'], 'Seasoned three times with linseed oil. Heavy, slow to heat, and better every year.', { options: sizes('20 cm', '26 cm', '30 cm'), more: [1500, 2600], grams: 2300 }],
  ['Chef Knife', 'Kitchen', 'Ferrum', ['knife', 'ink'], 8900, ['steel', 'cookware'], 'A 20 cm blade of carbon steel with a walnut handle. Keep it dry and it keeps its edge.', { was: 10900, grams: 210 }],
  ['Oak Cutting Board', 'Kitchen', 'Lindqvist Wood', ['board', 'oak'], 3900, ['oak', 'wood'], 'End grain, which closes again behind the blade. Oiled, with a groove for the juice on one side.', { options: sizes('Small', 'Large'), more: [2000], grams: 1800 }],
  ['Gooseneck Kettle', 'Kitchen', 'Ferrum', ['kettle', 'plum'], 7400, ['steel', 'coffee', 'tea'], 'A thin spout for a slow pour, and a thermometer in the lid. For gas, induction and electric stoves.', { grams: 980 }],
  ['Hand Coffee Grinder', 'Kitchen', 'Brewell', ['grinder', 'oak'], 5900, ['coffee'], 'Conical steel burrs and 24 steps from espresso to French press.', { grams: 540 }],

  ['Linen Table Lamp', 'Lighting', 'Lumen & Loom', ['lamp', 'sun'], 8900, ['linen', 'lamp'], 'A linen shade on a turned ash foot. Takes an E27 bulb, not included.', { options: colors('Honey', 'Grey'), grams: 1600 }],
  ['Dome Pendant', 'Lighting', 'Lumen & Loom', ['pendant', 'sea'], 12900, ['lamp', 'metal'], 'Spun aluminium, white inside, on 180 cm of cloth cord.', { options: colors('Petrol', 'Black', 'White'), grams: 1250 }],
  ['Warm LED Bulb', 'Lighting', 'Brightside', ['bulb', 'sun'], 690, ['led', 'e27'], '806 lumen at 2,700 kelvin, dimmable down to a candle.', { options: { Pack: ['1', '4'] }, more: [1500], grams: 60 }],
  ['Beeswax Candle', 'Lighting', 'Marta Keller', ['candle', 'sun'], 1400, ['beeswax', 'handmade'], 'Pure beeswax from a beekeeper in the hills. Burns for about 30 hours.', { grams: 240 }],
  ['Storm Lantern', 'Lighting', 'Northway', ['lantern', 'moss'], 3600, ['camping', 'metal'], 'Burns lamp oil for 20 hours in wind and rain.', { grams: 760 }],
  ['Paper String Lights', 'Lighting', 'Brightside', ['strip', 'rose'], 2900, ['led', 'party'], 'Twenty paper globes on ten metres of cord, for indoors.', { grams: 410 }],

  ['Ash Dining Chair', 'Furniture', 'Lindqvist Wood', ['chair', 'oak'], 18900, ['ash', 'wood', 'seating'], 'Steam-bent back, woven seat. Stacks four high.', { options: { Finish: ['Natural', 'Smoked'] }, more: [1500], grams: 4700 }],
  ['Two-Seat Sofa', 'Furniture', 'Ottoline', ['sofa', 'sea'], 129000, ['wool', 'seating'], 'A small sofa for small rooms: 156 cm wide, with covers that come off.', { options: colors('Ocean', 'Sand', 'Forest'), was: 145000, grams: 38000, whenOutOfStock: 'continue' }],
  ['Round Side Table', 'Furniture', 'Ottoline', ['table', 'plum'], 14900, ['metal'], 'Powder-coated steel, 45 cm across. The tray comes off.', { grams: 5200 }],
  ['Open Bookshelf', 'Furniture', 'Lindqvist Wood', ['shelf', 'oak'], 42000, ['oak', 'wood', 'storage'], 'Solid oak boards on pegs. Goes together without a screw.', { options: { Height: ['3 shelves', '5 shelves'] }, more: [16000], grams: 24000 }],
  ['Workshop Stool', 'Furniture', 'Ferrum', ['stool', 'clay'], 9900, ['seating', 'metal'], 'Height from 45 to 60 cm by a screw that will outlive the seat.', { grams: 5100 }],
  ['Writing Desk', 'Furniture', 'Lindqvist Wood', ['desk', 'oak'], 56000, ['oak', 'wood', 'office'], 'A desk of 120 by 60 cm with one deep drawer and a hole for the cables.', { grams: 27000, stock: 0, whenOutOfStock: 'continue' }],
  ['Flat-Woven Rug', 'Furniture', 'Lumen & Loom', ['rug', 'rose'], 24500, ['wool', 'textile'], 'Wool on cotton, the same on both sides.', { options: sizes('120 × 180', '170 × 240'), more: [19000], grams: 6400 }],

  ['Heavy Cotton Tee', 'Clothing', 'Common Thread', ['tee', 'sea'], 2900, ['cotton', 'organic', 'basics'], 'Organic cotton of 240 grams, knitted in a tube so that no seam twists.', { options: { ...colors('Blue', 'White', 'Black'), ...sizes('S', 'M', 'L', 'XL') }, grams: 230 }],
  ['Striped Tee', 'Clothing', 'Common Thread', ['tee', 'rose'], 3200, ['cotton', 'organic'], 'The fisherman’s shirt with short sleeves.', { options: sizes('S', 'M', 'L'), grams: 200 }],
  ['Oxford Shirt', 'Clothing', 'Common Thread', ['shirt', 'ink'], 6900, ['cotton'], 'Soft collar, buttons of real shell, and a hem that may hang out.', { options: sizes('S', 'M', 'L', 'XL'), grams: 310 }],
  ['Waxed Jacket', 'Clothing', 'Northway', ['jacket', 'moss'], 18900, ['cotton', 'waterproof'], 'Waxed cotton over a wool lining. Wax it again every autumn and it will keep you dry for decades.', { options: sizes('S', 'M', 'L', 'XL'), was: 21900, grams: 1350 }],
  ['Merino Beanie', 'Clothing', 'Common Thread', ['beanie', 'plum'], 2600, ['merino', 'wool', 'winter'], 'Fine merino that does not itch.', { options: colors('Plum', 'Oat', 'Navy'), grams: 70 }],
  ['Hiking Socks', 'Clothing', 'Northway', ['socks', 'clay'], 1700, ['merino', 'hiking'], 'Padded at heel and toe, thin where the boot is tight.', { options: sizes('36–39', '40–43', '44–47'), grams: 80 }],
  ['Lambswool Scarf', 'Clothing', 'Lumen & Loom', ['scarf', 'sun'], 4800, ['wool', 'winter'], 'Woven in a mill that has done little else since 1837.', { grams: 190 }],
  ['Linen Dress', 'Clothing', 'Common Thread', ['dress', 'moss'], 11900, ['linen', 'summer'], 'Washed linen with pockets deep enough to be of use.', { options: sizes('XS', 'S', 'M', 'L'), grams: 340 }],

  ['Canvas Backpack', 'Bags', 'Northway', ['backpack', 'moss'], 8400, ['canvas', 'travel'], 'Eighteen litres of waxed canvas, a sleeve for a laptop, and two buckles.', { options: colors('Olive', 'Rust'), grams: 920 }],
  ['Market Tote', 'Bags', 'Common Thread', ['tote', 'sun'], 1900, ['canvas', 'basics'], 'Carries two weeks of newspapers, or one of vegetables.', { grams: 160 }],
  ['Fold Wallet', 'Bags', 'Ottoline', ['wallet', 'clay'], 4500, ['leather'], 'Six cards, some notes, and a pocket for coins. One piece of vegetable-tanned leather.', { grams: 60 }],
  ['Weekend Suitcase', 'Bags', 'Ottoline', ['suitcase', 'ink'], 16900, ['travel'], 'Forty litres with a shell of recycled polycarbonate and quiet wheels.', { options: colors('Graphite', 'Stone'), grams: 2900 }],
  ['Roll-Top Daypack', 'Bags', 'Northway', ['backpack', 'sea'], 6900, ['waterproof', 'hiking'], 'Welded seams, no zip: what is in it stays dry.', { grams: 540 }],

  ['Dot Grid Notebook', 'Stationery', 'Paper & Co', ['notebook', 'clay'], 1600, ['paper', 'office'], '192 numbered pages that take fountain pens, in a binding that lies flat.', { options: colors('Brick', 'Navy', 'Mustard'), grams: 320 }],
  ['Brass Ballpoint', 'Stationery', 'Paper & Co', ['pen', 'sun'], 3800, ['brass', 'office'], 'Turned from one bar of brass. It darkens with the hand that writes.', { grams: 48 }],
  ['Graphite Pencils', 'Stationery', 'Paper & Co', ['pencils', 'sun'], 980, ['cedar', 'drawing'], 'Six pencils of cedar.', { options: { Hardness: ['2B', 'HB', '2H'] }, grams: 40 }],
  ['Wall Calendar', 'Stationery', 'Paper & Co', ['calendar', 'rose'], 2200, ['paper'], 'A year on one sheet, printed in two colours by hand.', { grams: 180 }],
  ['Letterpress Cards', 'Stationery', 'Marta Keller', ['cards', 'plum'], 1800, ['paper', 'handmade'], 'Eight cards with envelopes, in cotton paper that shows the print.', { grams: 150 }],

  ['Monstera in a Pot', 'Garden', 'Grünwerk', ['plant', 'moss'], 3400, ['plants', 'indoor'], 'About 40 cm high. Light but no sun, water once a week.', { grams: 2100 }],
  ['Watering Can', 'Garden', 'Grünwerk', ['can', 'sun'], 3900, ['metal'], 'Five litres of galvanised steel with a rose of brass.', { options: colors('Yellow', 'Zinc'), grams: 900 }],
  ['Hand Trowel', 'Garden', 'Ferrum', ['trowel', 'oak'], 2100, ['steel', 'tools'], 'Forged in one piece, with marks for the depth of bulbs.', { grams: 290 }],
  ['Wildflower Seeds', 'Garden', 'Grünwerk', ['seeds', 'rose'], 590, ['seeds', 'bees'], 'Thirty annual and perennial flowers for four square metres, loved by wild bees.', { grams: 20 }],
  ['Goatskin Gloves', 'Garden', 'Northway', ['gloves', 'oak'], 2700, ['leather', 'tools'], 'Soft enough for seedlings, tough enough for roses.', { options: sizes('S', 'M', 'L'), grams: 110 }],
  ['Terracotta Pot', 'Garden', 'Haldane Pottery', ['plant', 'clay'], 1500, ['terracotta', 'pots'], 'Frost-proof to minus 15 degrees, with a saucer.', { options: sizes('14 cm', '20 cm', '28 cm'), more: [900, 2200], grams: 1100 }],

  ['Two-Person Tent', 'Outdoors', 'Northway', ['tent', 'sun'], 32900, ['camping', 'hiking'], 'Stands in five minutes, weighs 1.9 kg, and has been through a Scottish winter.', { was: 37900, grams: 1900 }],
  ['Steel Water Bottle', 'Outdoors', 'Northway', ['bottle', 'sea'], 2800, ['steel', 'hiking'], 'Double-walled: cold for a day, hot for half of one.', { options: { ...sizes('500 ml', '750 ml'), ...colors('Blue', 'Steel') }, more: [500], grams: 310 }],
  ['Leather Football', 'Outdoors', 'Fairplay', ['ball', 'oak'], 4600, ['leather', 'sport'], 'Eighteen panels, sewn by hand for a fair wage.', { grams: 430 }],
  ['Natural Rubber Yoga Mat', 'Outdoors', 'Fairplay', ['mat', 'plum'], 6900, ['sport', 'yoga'], 'Four millimetres of rubber from trees, which grips when it gets wet.', { options: colors('Plum', 'Moss'), grams: 2300 }],
  ['Field Compass', 'Outdoors', 'Northway', ['compass', 'clay'], 5400, ['brass', 'hiking'], 'Liquid-filled, with a mirror. Needs no battery and no signal.', { grams: 95 }],
  ['Enamel Plate', 'Outdoors', 'Northway', ['plate', 'sea'], 1100, ['enamel', 'camping'], 'A deep plate for whatever the camp stove yields.', { grams: 190 }],

  ['Studio Headphones', 'Audio', 'Klangwerk', ['headphones', 'ink'], 14900, ['headphones', 'studio'], 'Closed, flat and honest. Every part can be replaced with one screwdriver.', { grams: 280 }],
  ['Shelf Speakers', 'Audio', 'Klangwerk', ['speaker', 'oak'], 39900, ['speakers', 'wood'], 'A pair in real walnut, with a woofer of 13 cm.', { options: { Finish: ['Walnut', 'Black'] }, grams: 9200 }],
  ['Kitchen Radio', 'Audio', 'Klangwerk', ['radio', 'rose'], 12900, ['radio'], 'FM, digital radio and one knob for each.', { options: colors('Red', 'Cream'), grams: 1700 }],
  ['Belt-Drive Turntable', 'Audio', 'Klangwerk', ['turntable', 'oak'], 34900, ['vinyl'], 'A heavy platter, a light arm, and nothing that beeps.', { grams: 5600 }],
  ['Field Recordings, Vol. 1', 'Audio', 'Quiet Rooms', ['record', 'moss'], 2700, ['vinyl', 'ambient'], 'Forty minutes of rain, tram depots and a frozen lake, on 180 grams of vinyl.', { grams: 260 }],
  ['Harbour Songs', 'Audio', 'Quiet Rooms', ['record', 'sea'], 2500, ['vinyl', 'folk'], 'Nine songs for two voices and an accordion.', { grams: 250 }],

  ['Maple Building Blocks', 'Toys', 'Kindred Toys', ['blocks', 'sun'], 4900, ['wood', 'maple'], 'Forty blocks in the proportions of real bricks, oiled and not painted.', { grams: 2600 }],
  ['Teddy Bear', 'Toys', 'Kindred Toys', ['bear', 'oak'], 3900, ['mohair', 'handmade'], 'Thirty centimetres of mohair, with joints that turn and a growl.', { grams: 320 }],
  ['Harbour Puzzle', 'Toys', 'Paper & Co', ['puzzle', 'sea'], 2900, ['puzzle', 'paper'], 'A painted harbour at dawn.', { options: { Pieces: ['500', '1,000'] }, more: [800], grams: 700 }],
  ['Wooden Train', 'Toys', 'Kindred Toys', ['train', 'rose'], 3400, ['wood'], 'An engine and two wagons with magnets, which fit all common tracks.', { grams: 480 }],
  ['Diamond Kite', 'Toys', 'Fairplay', ['kite', 'rose'], 2400, ['sport', 'summer'], 'Flies from a breeze of eight knots. Line and tail are with it.', { grams: 190 }],

  ['Olive Oil Soap', 'Bath', 'Marta Keller', ['soap', 'moss'], 850, ['soap', 'handmade'], 'Boiled from olive oil and nothing else, and cured for nine months.', { options: { Scent: ['None', 'Lavender', 'Rosemary'] }, grams: 110 }],
  ['Waffle Bath Towel', 'Bath', 'Lumen & Loom', ['towel', 'rose'], 3600, ['cotton', 'linen'], 'Half cotton, half linen: dries you, and then itself.', { options: { ...sizes('Hand', 'Bath'), ...colors('Rose', 'White') }, more: [1800], grams: 420 }],
  ['Bamboo Toothbrush', 'Bath', 'Grünwerk', ['brush', 'oak'], 450, ['bamboo'], 'Medium bristles on a handle that may go into the compost.', { options: { Pack: ['1', '4'] }, more: [950], grams: 15 }],
  ['Sea Salt Scrub', 'Bath', 'Marta Keller', ['jar', 'sea'], 1900, ['salt'], 'Coarse salt in almond oil, with a little mint.', { grams: 350 }],
  ['Shaving Brush', 'Bath', 'Ferrum', ['brush', 'ink'], 3200, ['shaving'], 'Synthetic hair that dries faster than badger, and spares it.', { grams: 90 }],
];
