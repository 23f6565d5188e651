// Emoji by Slack's shortcodes: the common ones. An unknown name stays as it was typed.

const TABLE = `
= smileys
grinning😀 smiley😃 smile😄 grin😁 laughing😆 satisfied😆 sweat_smile😅 rolling_on_the_floor_laughing🤣 joy😂 slightly_smiling_face🙂
upside_down_face🙃 wink😉 blush😊 innocent😇 heart_eyes😍 star-struck🤩 kissing_heart😘 yum😋 stuck_out_tongue😛 zany_face🤪
hugging_face🤗 shushing_face🤫 thinking_face🤔 thinking🤔 zipper_mouth_face🤐 face_with_raised_eyebrow🤨 neutral_face😐 expressionless😑 no_mouth😶
smirk😏 unamused😒 face_with_rolling_eyes🙄 grimacing😬 relieved😌 pensive😔 sleepy😪 sleeping😴 mask😷 nauseated_face🤢
exploding_head🤯 face_with_cowboy_hat🤠 partying_face🥳 sunglasses😎 nerd_face🤓 confused😕 worried😟 slightly_frowning_face🙁 open_mouth😮 astonished😲
flushed😳 pleading_face🥺 cry😢 sob😭 scream😱 disappointed😞 sweat😓 weary😩 tired_face😫 yawning_face🥱 triumph😤 rage😡 angry😠
= people
skull💀 poop💩 ghost👻 alien👽 robot_face🤖 robot🤖 wave👋 raised_hand✋ hand✋ ok_hand👌 v✌️ crossed_fingers🤞
the_horns🤘 call_me_hand🤙 point_left👈 point_right👉 point_up☝️ point_up_2👆 point_down👇 +1👍 thumbsup👍 -1👎 thumbsdown👎
fist✊ facepunch👊 clap👏 raised_hands🙌 open_hands👐 handshake🤝 pray🙏 writing_hand✍️ muscle💪 brain🧠 eyes👀 eye👁️ tongue👅
baby👶 man👨 woman👩 shrug🤷 facepalm🤦 bow🙇 technologist🧑‍💻 family👪 bust_in_silhouette👤 busts_in_silhouette👥
= hearts
heart❤️ orange_heart🧡 yellow_heart💛 green_heart💚 blue_heart💙 purple_heart💜 black_heart🖤 broken_heart💔 sparkling_heart💖 100💯
boom💥 dizzy💫 zzz💤 speech_balloon💬 thought_balloon💭 fire🔥 sparkles✨ star⭐ star2🌟 zap⚡ rainbow🌈 sunny☀️ cloud☁️ umbrella☔ snowflake❄️
= nature
ocean🌊 droplet💧 dog🐶 cat🐱 mouse🐭 fox_face🦊 bear🐻 panda_face🐼 tiger🐯 lion_face🦁 cow🐮 pig🐷 frog🐸 monkey_face🐵 see_no_evil🙈
hear_no_evil🙉 speak_no_evil🙊 chicken🐔 penguin🐧 bird🐦 duck🦆 owl🦉 bee🐝 bug🐛 butterfly🦋 snail🐌 turtle🐢 octopus🐙 crab🦀 fish🐟 dolphin🐬 whale🐳
cactus🌵 christmas_tree🎄 evergreen_tree🌲 palm_tree🌴 seedling🌱 herb🌿 four_leaf_clover🍀 maple_leaf🍁 tulip🌷 rose🌹 sunflower🌻
= food
apple🍎 green_apple🍏 tangerine🍊 lemon🍋 banana🍌 watermelon🍉 grapes🍇 strawberry🍓 peach🍑 tomato🍅 avocado🥑 bread🍞 cheese_wedge🧀
hamburger🍔 fries🍟 pizza🍕 taco🌮 sushi🍣 cookie🍪 cake🍰 birthday🎂 doughnut🍩 coffee☕ tea🍵 beer🍺 beers🍻 wine_glass🍷 champagne🍾
= play
soccer⚽ basketball🏀 trophy🏆 medal🏅 dart🎯 game_die🎲 art🎨 musical_note🎵 guitar🎸 movie_camera🎥 video_game🎮
= travel
car🚗 taxi🚕 bus🚌 bike🚲 train🚆 airplane✈️ rocket🚀 ship🚢 boat⛵ sailboat⛵ ferry⛴️ anchor⚓ helicopter🚁 construction🚧
house🏠 office🏢 hospital🏥 bank🏦 school🏫 factory🏭 lighthouse🗼 earth_africa🌍 earth_americas🌎 earth_asia🌏 world_map🗺️ mountain⛰️ beach_with_umbrella🏖️
= objects
watch⌚ hourglass⌛ hourglass_flowing_sand⏳ alarm_clock⏰ stopwatch⏱️ iphone📱 computer💻 keyboard⌨️ desktop_computer🖥️ printer🖨️ camera📷 telephone☎️ battery🔋 electric_plug🔌
bulb💡 flashlight🔦 candle🕯️ moneybag💰 dollar💵 euro💶 pound💷 credit_card💳 gem💎 hammer🔨 wrench🔧 nut_and_bolt🔩 gear⚙️ hammer_and_wrench🛠️ link🔗 paperclip📎
scissors✂️ straight_ruler📏 pushpin📌 round_pushpin📍 triangular_flag_on_post🚩 lock🔒 unlock🔓 key🔑 shield🛡️ mag🔍 mag_right🔎 microscope🔬 telescope🔭 test_tube🧪
email📧 envelope✉️ inbox_tray📥 outbox_tray📤 package📦 mailbox📫 memo📝 pencil✏️ pencil2✏️ page_facing_up📄 clipboard📋 calendar📅 date📅 spiral_calendar_pad🗓️
chart_with_upwards_trend📈 chart_with_downwards_trend📉 bar_chart📊 file_folder📁 open_file_folder📂 wastebasket🗑️ newspaper📰 book📖 books📚 bookmark🔖 label🏷️
gift🎁 balloon🎈 tada🎉 confetti_ball🎊 bell🔔 no_bell🔕 mega📣 loudspeaker📢 loud_sound🔊 mute🔇 microphone🎤 headphones🎧
= signs
white_check_mark✅ heavy_check_mark✔️ ballot_box_with_check☑️ x❌ heavy_multiplication_x✖️ negative_squared_cross_mark❎ heavy_plus_sign➕ heavy_minus_sign➖ question❓ grey_question❔
exclamation❗ heavy_exclamation_mark❗ bangbang‼️ interrobang⁉️ warning⚠️ no_entry⛔ no_entry_sign🚫 octagonal_sign🛑 stop_sign🛑 radioactive_sign☢️ recycle♻️ information_sourceℹ️
arrow_right➡️ arrow_left⬅️ arrow_up⬆️ arrow_down⬇️ arrow_upper_right↗️ arrows_counterclockwise🔄 repeat🔁 back🔙 new🆕 free🆓 cool🆒 ok🆗 sos🆘 up🆙
red_circle🔴 large_orange_circle🟠 large_yellow_circle🟡 large_green_circle🟢 large_blue_circle🔵 large_purple_circle🟣 white_circle⚪ black_circle⚫
large_red_square🟥 large_green_square🟩 large_blue_square🟦 large_yellow_square🟨 black_square⬛ white_square⬜ small_blue_diamond🔹 small_orange_diamond🔸
keycap_ten🔟
checkered_flag🏁 rainbow-flag🏳️‍🌈 gb🇬🇧 us🇺🇸 de🇩🇪 fr🇫🇷 es🇪🇸 it🇮🇹 jp🇯🇵
`;

const byName = new Map();
const groups = new Map();    // category -> names, aliases left out
for (const line of TABLE.trim().split('\n')) {
  if (line.startsWith('= ')) { groups.set(line.slice(2), []); continue; }
  const list = [...groups.values()].at(-1);
  for (const entry of line.trim().split(/\s+/)) {
    const at = entry.search(/[^\x00-\x7f]/);
    const drawn = entry.slice(at);
    if (![...byName.values()].includes(drawn)) list.push(entry.slice(0, at));
    byName.set(entry.slice(0, at), drawn);
  }
}
for (const [i, name] of ['zero', 'one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine'].entries()) byName.set(name, i + '\ufe0f\u20e3');

// emoji returns the characters of a shortcode, or ''.
export const emoji = (name) => byName.get(String(name).replace(/::.*$/, '')) || '';

// findEmoji returns up to limit names that begin with, then that contain, what was typed.
export function findEmoji(typed, limit) {
  const names = [...byName.keys()];
  const begins = names.filter((n) => n.startsWith(typed));
  const contains = names.filter((n) => !n.startsWith(typed) && n.includes(typed));
  return [...begins, ...contains].slice(0, limit);
}

export const QUICK = ['thumbsup', 'white_check_mark', 'eyes', 'tada', 'heart', 'joy', 'pray', 'rocket', 'clap', 'thinking_face', 'wave', 'fire', 'raised_hands', '100', 'sparkles', 'thumbsdown', 'bulb', 'hourglass_flowing_sand', 'x', 'warning', 'anchor', 'coffee', 'cry', 'sunglasses'];

// CATEGORIES are those of the picker: [name, names of emoji].
export const CATEGORIES = [...groups];
