"""What everybody tries first: the most common passwords of published leaks, of eight characters or more."""

COMMON = frozenset(
    """
    !qaz2wsx 00000000 0000000000 0123456789 0987654321 10101010 11111111 111111111 1111111111 111111aa
    1111122222 11112222 111222333 111222tianya 11223344 1122334455 112233445566 12121212 1212121212
    123123123 1231231234 123123qwe 123321123 12341234 123412345 12344321 123454321 1234554321 123456123
    123456123456 12345678 123456789 1234567890 12345678910 123456789a 123456789q 12345678a 12345678q
    1234567a 1234567q 123456aa 123456abc 123456qq 123456qwerty 12345abc 12345qwert 12345qwerty 1234abcd
    1234azer 1234qwer 1234qwer! 1234qwerty 12369874 123698745 123abc123 123asd123 123qwe123 123qweasd
    123qweasdzxc 123qwerty 13131313 13145200 1314520a 14725836 147258369 147852369 159357258 15935728
    1597531597 159753456 159951159 1a2b3c4d 1q2w3e4r 1q2w3e4r5t 1q2w3e4r5t6y 1qaz!qaz 1qaz2wsx 1qaz2wsx3edc
    1qazse4r 1qazxsw2 1qw23er4 22222222 258456258 321654987 33333333 44444444 456789123 520131400 52013145
    5201314520 5201314a 520520520 55555555 5555555555 66666666 741258963 741852963 77585210 7758521a
    77777777 7777777777 789456123 7894561230 87654321 88888888 8888888888 963852741 987456321 987654321
    9876543210 99999999 999999999 9999999999 a1234567 a12345678 a123456789 a1b2c3d4 a1b2c3d4e5 a5201314
    aa123456 aa12345678 aaaa1111 aaaaaaaa aaaaaaaaaa aabbccdd ab123456 abc123!! abc12345 abc123456
    abc1234567 abc123abc abcabcabc abcd1234 abcd1234! abcd12345 abcdefg1 abcdefg123 abcdefgh abcdefghi
    admin123 admin123! admin1234 admin12345 admin123456 admin888 admin@123 adminadmin administrator aini1314
    airborne alexander alexander1 alexandra amanda123 amazon123 andrew123 android1 angel123 angels12
    anthony1 anthony123 anything1 apple123 aptx4869 aquarius arsenal1 arsenal123 as123456 asd12345 asd123456
    asdasdasd asdf1234 asdf12345 asdfasdf asdfgh123 asdfghjk asdfghjkl asdfghjkl123 asdfqwer ashley123
    asshole1 asshole123 autumn2024 autumn2025 azerty123 azertyuiop baby1234 babyboy1 babygirl babygirl1
    babygirl12 babygirl123 bailey123 banana123 barcelona barcelona1 baseball baseball1 basketball
    basketball1 batman123 beatles1 beautiful beautiful1 beijing1 beijing2008 benjamin benjamin1 bitch123
    biteme123 black123 blessed1 blessing blink182 blue1234 brittany brittany1 brownie1 bubbles1 bulldog1
    bulldogs bullshit buster123 butterfly butterfly1 caonima123 capricorn caroline catherine celtic123
    champion champion1 changeme changeme1 changeme123 charlie1 charlie123 charlotte charlotte1 cheerleader
    cheerleader1 cheese123 chelsea1 chelsea123 cherry123 chevrolet china123 chocolate chocolate1 christian
    christian1 christopher cinderella cocacola college1 computer computer1 computer123 cookie123
    correcthorsebatterystaple corvette courtney cowboys1 crystal1 cutiepie dancer12 dancing1 daniel123
    daniela1 danielle danielle1 deadpool december december1 default1 demo1234 diamond1 diamonds doctor123
    dolphin1 dolphins dragon12 dragon123 dragon1234 dragonball dragonball1 drummer1 elephant elizabeth
    elizabeth1 eminem123 everton1 facebook facebook1 facebook123 february ferrari1 firefighter football
    football1 football12 football123 forever1 forever123 forever21 freedom1 freedom123 friday13 fuckme123
    fuckoff1 fuckyou! fuckyou1 fuckyou123 fuckyou2 gabriela gabriella gandalf1 garfield garfield1 ginger12
    god12345 godisgood google123 gorgeous green123 greenday guest123 guest1234 guitar123 hahaha123 hahahaha
    hannah123 harley12 harleydavidson heaven123 hello123 hello123! hello1234 hello12345 hellohello
    hellokitty helloworld hockey123 homersimpson honey123 hotstuff hunter12 hunter123 ilovegod iloveme1
    iloveme123 iloveu123 iloveyou iloveyou! iloveyou1 iloveyou12 iloveyou123 iloveyou2 iloveyou3 instagram
    internet internet1 internet123 ironman1 isabella james007 january1 jennifer jennifer1 jessica1 jessica12
    jessica123 jesus123 jesus777 jesuschrist jesusis1 johncena jonathan jonathan1 jordan123 jordan23
    joseph123 joshua123 juventus juventus1 kawasaki killer12 killer123 kitty123 kittycat lacrosse lakers24
    lamborghini ledzeppelin letmein! letmein1 letmein12 letmein123 li123456 linkedin linkedin1 liu123456
    liverpool liverpool1 liverpoolfc lkjhgfdsa lol12345 lollipop lollipop1 lollol123 love1234 love12345
    love123456 lovelove lovelove1 lovely12 loveme123 loveyou1 loveyou123 maggie123 manager1 manchester
    manunited manutd123 margaret marines1 marlboro1 master12 master123 matthew1 mercedes mercedes1 mermaid1
    metallica metallica1 michael1 michael123 michelle michelle1 mickey123 microsoft midnight midnight1
    military minecraft minecraft1 mittens1 mnbvcxz1 monday123 monkey12 monkey123 monkey1234 moonlight
    mountain musician mustang1 mylove123 mypassword mypassword1 myspace1 naruto123 navyseal newpassword
    newpassword1 nicholas nicholas1 nicole123 nihao123 nihaonihao nintendo nirvana1 nothing1 november
    october1 onepiece oracle123 orange123 p4ssw0rd p@ssw0rd p@ssw0rd1 p@ssw0rd123 p@ssword pa55w0rd pa55word
    packers1 pass1234 pass12345 pass123456 pass@123 pass@word1 passpass passw0rd passw0rd1 password
    password! password0 password01 password1 password1! password10 password11 password12 password123
    password123! password1234 password13 password2 password2020 password2021 password2022 password2023
    password2024 password2025 password2026 password21 password22 password3 password4 password5 password7
    password8 password9 password99 password@1 password@123 passwords passwort patricia patriots peaches1
    peanut12 pepper12 pepsi123 playboy1 playstation poiuytrewq pokemon1 pokemon12 pokemon123 police123
    porsche1 porsche911 precious precious1 princess princess1 princess12 princess123 pumpkin1 pumpkin123
    purple123 pussycat q123456789 q1w2e3r4 q1w2e3r4t5 qaz12345 qazwsx123 qazwsxedc qazwsxedcrfv qq123456
    qq123456789 qq5201314 qwe123123 qwe12345 qwe123qwe qweasd123 qweasdzxc qweqweqwe qwer1234 qwer12345
    qwert123 qwert1234 qwert12345 qwerty01 qwerty1! qwerty11 qwerty12 qwerty123 qwerty123! qwerty1234
    qwerty12345 qwerty123456 qwertyui qwertyuiop qwertyuiop123 qwezxcasd rainbow1 rainbow123 ranger12
    rangers1 realmadrid redskins remember remember1 robert123 rockstar rockstar1 root1234 rootroot
    sagittarius samantha samantha1 samsung1 samsung123 school123 scoobydoo scorpion scorpion1 secret12
    secret123 secret1234 september server123 sexy1234 sexysexy shadow12 shadow123 shanghai shithead simpsons
    skateboard skywalker slipknot snickers snickers1 snoopy123 snowball snowboard snowflake soccer12
    soccer123 softball softball1 soldier1 something something1 spiderman spiderman1 spongebob spongebob1
    spring2024 spring2025 stargate starlight startrek starwars starwars1 steelers stefania stephanie
    stephanie1 storefront strawberry strawberry1 student1 student123 summer12 summer123 summer2020
    summer2021 summer2022 summer2023 summer2024 summer2025 summer2026 sunshine sunshine1 sunshine12
    sunshine123 superman superman1 superman123 sweetheart sweetie1 sweetpea swimming taobao123 teacher1
    test1234 test12345 test123456 testing1 testing123 testpass testtest thomas123 tigger12 tigger123
    tinkerbell tinkerbell1 toor1234 transformers trustno1 twitter1 undertaker unicorn1 university user1234
    veronica victoria victoria1 volleyball w123456789 w5201314 wang1234 wangwei123 wangyang warrior1
    wasdwasd weixin123 welcome1 welcome1! welcome12 welcome123 welcome123! whatever whatever1 whatever123
    whatsapp whiskey1 william1 windows1 windows10 winter12 winter123 winter2023 winter2024 winter2025
    woaibaba woaimama woaini123 woaini1314 woaini520 woaini521 woaiwojia wolfpack wolverine wsx12345
    xbox360x xiaoming xyz12345 yamaha123 yankees1 yellow123 youtube1 z123456789 zaq12wsx zaq1xsw2 zaq1zaq1
    zhang123 zhangwei zxc123456 zxcasdqwe zxcv1234 zxcvbnm, zxcvbnm,. zxcvbnm1 zxcvbnm123 zxcvzxcv zz123456
    """.split()  # noqa: SIM905 - a list of 760 lines is not easier to read
)
